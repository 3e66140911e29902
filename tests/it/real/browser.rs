//! An admin with a real browser: logs in, sees how the sources stand, sees the wall, logs out.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thirtyfour::prelude::*;

use super::appliance::{Appliance, PASSWORD};
use super::{alone, lab};

/// ChromeDriver on a port of its own; ends when dropped.
struct Driver(Child, u16);

impl Driver {
    async fn start() -> Self {
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

    async fn browser(&self, profile: &std::path::Path, width: u32) -> WebDriver {
        let mut caps = DesiredCapabilities::chrome();
        let profile = format!("--user-data-dir={}", profile.display());
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

#[test]
fn an_admin_logs_in_and_sees_the_sources_and_the_wall() {
    alone(async {
        let lab = lab().await;
        let appliance = Appliance::start(&lab).await;
        let driver = Driver::start().await;
        let profile = tempfile::tempdir().expect("a folder");
        let browser = driver.browser(profile.path(), 1280).await;
        let story = story(&browser, &appliance).await;
        let ended = browser.quit().await;
        story.expect("the browser's story");
        ended.expect("the browser ends");
    });
}

async fn story(browser: &WebDriver, appliance: &Appliance) -> WebDriverResult<()> {
    browser.goto(appliance.base()).await?;
    assert!(browser.current_url().await?.path().starts_with("/login"), "nothing is shown before the login");
    log_in(browser, "not the password at all").await?;
    browser.query(By::Css("[role='alert']")).first().await?;
    assert!(browser.current_url().await?.path().starts_with("/login"), "a wrong password stays outside");
    log_in(browser, PASSWORD).await?;
    // The page that holds the way out is the first one inside.
    browser.query(By::Css("form[action='/logout'] button")).first().await?;
    let page = browser.find(By::Tag("body")).await?.text().await?;
    for word in ["AMI", "live", "chief"] {
        assert!(page.to_lowercase().contains(&word.to_lowercase()), "{word} is missing: {page}");
    }
    let cookies = browser.get_all_cookies().await?;
    assert!(cookies.iter().any(|cookie| cookie.same_site.is_some()), "{cookies:?}");
    browser.goto(format!("{}/wall.png", appliance.base())).await?;
    let wide = browser.find(By::Tag("img")).await?.prop("naturalWidth").await?;
    assert_eq!(wide.as_deref(), Some("1920"));
    browser.goto(appliance.base()).await?;
    browser.find(By::Css("form[action='/logout'] button")).await?.click().await?;
    browser.query(By::Css("input[name='password']")).first().await?;
    browser.goto(appliance.base()).await?;
    assert!(browser.current_url().await?.path().starts_with("/login"), "logged out is outside");
    Ok(())
}

async fn log_in(browser: &WebDriver, password: &str) -> WebDriverResult<()> {
    let name = browser.find(By::Css("input[name='name']")).await?;
    name.clear().await?;
    name.send_keys("chief").await?;
    browser.find(By::Css("input[name='password']")).await?.send_keys(password).await?;
    browser.find(By::Css("form button[type='submit'], form button")).await?.click().await
}
