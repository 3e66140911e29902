//! ChromeDriver and browsers for the tests of the web page.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thirtyfour::prelude::*;

/// ChromeDriver on a port of its own; ends when dropped.
pub(crate) struct Driver(Child, u16);

/// What a browser is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the file is shared; not each test has a use for each browser")]
pub(crate) enum Look {
    /// A desktop's window of this width.
    Desktop(u32),
    /// A phone: 390 by 844.
    Phone,
    /// A desktop's without scripts.
    Scriptless,
    /// A desktop's of people who like it dark.
    Dark(u32),
    /// Their phone.
    DarkPhone,
}

impl Driver {
    pub(crate) async fn start() -> Self {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (scripts/install.sh)");
        let driver = Self(child, port);
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return driver;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("chromedriver does not listen")
    }

    pub(crate) async fn browser(&self, profile: &Path, look: Look) -> WebDriver {
        let mut caps = DesiredCapabilities::chrome();
        let profile = format!("--user-data-dir={}", profile.display());
        let width = if let Look::Desktop(width) | Look::Dark(width) = look { width } else { 1280 };
        let size = format!("--window-size={width},900");
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &profile,
            &size,
        ] {
            caps.add_arg(argument).expect("an argument");
        }
        match look {
            Look::Desktop(_) => {}
            Look::Dark(_) => caps.add_arg("--force-dark-mode").expect("an argument"),
            Look::Phone | Look::DarkPhone => {
                if look == Look::DarkPhone {
                    caps.add_arg("--force-dark-mode").expect("an argument");
                }
                let metrics = serde_json::json!({"width": 390, "height": 844, "pixelRatio": 1.0});
                let phone = serde_json::json!({"deviceMetrics": metrics});
                caps.add_experimental_option("mobileEmulation", phone).expect("an option");
            }
            Look::Scriptless => {
                let off = serde_json::json!({"profile.managed_default_content_settings.javascript": 2});
                caps.add_experimental_option("prefs", off).expect("an option");
            }
        }
        WebDriver::new(format!("http://127.0.0.1:{}", self.1), caps).await.expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the page shows all of `words`, whatever their case.
pub(crate) async fn shows(browser: &WebDriver, words: &[&str]) -> WebDriverResult<()> {
    let mut page = String::new();
    for _ in 0..200 {
        // While one page goes and another comes, there may be none to ask.
        let body = browser.find(By::Tag("body")).await;
        let text = if let Ok(body) = body { body.text().await } else { Ok(String::new()) };
        page = text.unwrap_or_default().to_lowercase();
        if words.iter().all(|word| page.contains(&word.to_lowercase())) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{words:?} are not all on the page: {page}")
}
