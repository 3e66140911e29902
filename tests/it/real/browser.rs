//! An admin with a real browser: logs in, sees how the sources stand, sees the wall, logs out.

use thirtyfour::prelude::*;

use super::appliance::{Appliance, PASSWORD};
use super::{alone, lab};
use crate::driver::{Driver, Look, shows};

#[test]
fn an_admin_logs_in_and_sees_the_sources_and_the_wall() {
    alone(async {
        let lab = lab().await;
        let appliance = Appliance::start(&lab).await;
        let driver = Driver::start().await;
        let profile = tempfile::tempdir().expect("a folder");
        let browser = driver.browser(profile.path(), Look::Desktop(1280)).await;
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
    shows(browser, &["live link", "database", "chief"]).await?;
    let cookies = browser.get_all_cookies().await?;
    assert!(cookies.iter().any(|cookie| cookie.same_site.is_some()), "{cookies:?}");
    browser.goto(format!("{}/wall.png", appliance.base())).await?;
    let wide = browser.find(By::Tag("img")).await?.prop("naturalWidth").await?;
    assert_eq!(wide.as_deref(), Some("1920"));
    browser.goto(format!("{}/board", appliance.base())).await?;
    shows(browser, &["sales", "support", "waiting"]).await?;
    browser.find(By::LinkText("Wall")).await?.click().await?;
    browser.query(By::Css("#wall[data-picture]")).first().await?;
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
