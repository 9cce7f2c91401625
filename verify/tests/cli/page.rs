//! The page that `check --html` writes, in a real browser: Chromium, where there is one.

use std::path::{Path, PathBuf};

use super::*;

/// Goes through the page as a person does, and writes down what is seen.
const VISIT: &str = r#"
addEventListener('load', () => {
  const seen = [];
  const shown = () => document.getElementById('shown').textContent;
  const filter = document.getElementById('filter');
  const choose = (name, value) => {
    filter.elements[name].value = value;
    filter.elements[name].dispatchEvent(new Event('input', {bubbles: true}));
  };
  seen.push(`all: ${shown()}`);
  choose('verdict', 'refuted');
  seen.push(`refuted: ${shown()}`);
  choose('text', 'nothing is called like this');
  seen.push(`none: ${shown()}`);
  choose('text', '');
  choose('verdict', '');
  const steps = document.querySelector('.counterexample .steps');
  steps.open = true;
  const said = () => steps.querySelector('.player output').textContent;
  const memory = () => [...steps.querySelectorAll('.memory tr')].map(row => row.textContent).join(' ');
  seen.push(`start: ${said()}; ${memory()}`);
  for (const step of steps.querySelectorAll('.step')) {
    steps.querySelector('[data-to=next]').click();
    seen.push(`next: ${said()}; ${memory()}`);
  }
  steps.querySelector('[data-to=previous]').click();
  seen.push(`previous: ${said()}`);
  steps.querySelector('[data-to=first]').click();
  seen.push(`first: ${said()}`);
  steps.querySelector('[data-to=play]').click();
  seen.push(`play: ${steps.querySelector('[data-to=play]').textContent}`);
  steps.querySelector('[data-to=play]').click();
  seen.push(`pause: ${steps.querySelector('[data-to=play]').textContent}`);
  const list = document.createElement('pre');
  list.id = 'seen';
  list.textContent = `errors: ${errors.length}\n${errors.concat(seen).join('\n')}\n`;
  document.body.append(list);
});
"#;

/// Comes first, so that no error is missed.
const WATCH: &str =
    "const errors = []; addEventListener('error', event => errors.push(event.message));";

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|browser| browser.exists())
}

/// What the browser makes of a page, once its scripts have run.
fn visited(browser: &Path, page: &Path) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let output = assert_cmd::Command::new(browser)
        .env("HOME", home.path())
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("file://{}", page.display()))
        .timeout(WATCHDOG)
        .output()
        .expect("the browser runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

#[test]
fn a_browser_filters_and_steps_through_it_without_an_error() {
    let Some(browser) = browser() else {
        println!("skipped: there is no Chromium here");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let small = small_claim();
    let html = path.to_str().expect("UTF-8");
    let output = run(&["check", "--only", &small, "unlocked/2x1/explorer", "--html", html]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = fs::read_to_string(&path).expect("a page");
    let claims = page.matches("data-verdict=").count();
    let watched = page.replacen("<style>", &format!("<script>{WATCH}</script><style>"), 1);
    let visit = format!("<script>{VISIT}</script></body>");
    fs::write(&path, watched.replacen("</body>", &visit, 1)).expect("a page");
    let dom = visited(&browser, &path);
    let (_, seen) = dom.split_once("<pre id=\"seen\">").unwrap_or_else(|| panic!("{dom}"));
    let seen = seen.split("</pre>").next().unwrap_or_default();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "errors: 0", "{seen}");
    assert_eq!(lines[1], format!("all: {claims} of {claims} claims"), "{seen}");
    assert!(lines[2].starts_with("refuted: ") && lines[2] != lines[1], "{seen}");
    assert_eq!(lines[3], format!("none: 0 of {claims} claims"));
    // Two processes read 0, and both write 1.
    assert!(lines[4].contains("at the beginning") && lines[4].ends_with('0'), "{seen}");
    let steps = lines.iter().filter(|line| line.starts_with("next: ")).count();
    assert!(steps >= 4 && lines[4 + steps].ends_with('1'), "{seen}");
    let last = &lines[5 + steps..];
    assert_eq!(last[0], format!("previous: Step {} of {steps}", steps - 1), "{seen}");
    assert_eq!(last[1], format!("first: {steps} steps, at the beginning"), "{seen}");
    assert_eq!(last[2..], ["play: Pause", "pause: Play"], "{seen}");
}
