//! Compiles the pages, with debug information so that tests find elements by their labels.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config =
        slint_build::CompilerConfiguration::new().with_debug_info(true).with_style("fluent-dark".into());
    slint_build::compile_with_config("app-window.slint", config)?;
    Ok(())
}
