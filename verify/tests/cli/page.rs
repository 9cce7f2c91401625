//! The pages that `check`, `mutate`, `stress` and `bench` write with `--html`, in a real browser: Chromium, where there is one.

use std::path::{Path, PathBuf};

use super::*;

/// Comes first, so that no error is missed.
const WATCH: &str =
    "const errors = []; addEventListener('error', event => errors.push(event.message));";

/// Goes through a page as a person does, and writes down what is seen.
const VISIT: &str = r"
addEventListener('load', () => {
  const seen = [];
  const shown = () => document.getElementById('shown').textContent;
  const choose = (name, value) => {
    const field = document.getElementById('filter').elements[name];
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
  };
  VISIT
  // Whatever takes the keyboard's attention says what it is.
  for (const one of document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')) {
    const name = one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.[0]?.textContent;
    if (!name || one.tabIndex < 0) errors.push(`nothing to read, or to reach: ${one.outerHTML}`);
  }
  for (const drawing of document.querySelectorAll('svg')) {
    const name = drawing.getAttribute('aria-label') || drawing.querySelector('title')?.textContent;
    if (!name && drawing.getAttribute('aria-hidden') !== 'true') errors.push('a drawing without a name');
  }
  const whole = document.documentElement;
  if (whole.scrollWidth > whole.clientWidth) errors.push(`wider than the window: ${whole.scrollWidth}`);
  const list = document.createElement('pre');
  list.id = 'seen';
  list.textContent = `errors: ${errors.length}\n${errors.concat(seen).join('\n')}\n`;
  document.body.append(list);
});
";

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|browser| browser.exists())
}

/// What the browser makes of a page, once its scripts have run, in a window as narrow as they get.
fn visited(browser: &Path, page: &Path) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let output = assert_cmd::Command::new(browser)
        .env("HOME", home.path())
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=500,900",
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

/// The page that the command writes, and what is seen on it, if there is a browser. No error, and nothing that sticks out.
fn seen(command: &[&str], visit: &str) -> Option<(String, Vec<String>)> {
    let Some(browser) = browser() else {
        println!("skipped: there is no Chromium here");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let output = run(&[command, &["--html", path.to_str().expect("UTF-8")]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = fs::read_to_string(&path).expect("a page");
    let watched = page.replacen("<style>", &format!("<script>{WATCH}</script><style>"), 1);
    let visit = format!("<script>{}</script></body>", VISIT.replace("VISIT", visit));
    fs::write(&path, watched.replacen("</body>", &visit, 1)).expect("a page");
    let dom = visited(&browser, &path);
    let (_, seen) = dom.split_once("<pre id=\"seen\">").unwrap_or_else(|| panic!("{dom}"));
    let seen = seen.split("</pre>").next().unwrap_or_default();
    let mut lines: Vec<String> = seen.lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "errors: 0", "{seen}");
    Some((page, lines))
}

#[test]
fn claims_are_filtered_and_a_counterexample_is_gone_through() {
    const CLAIMS: &str = r"
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
  const press = to => steps.querySelector(`[data-to=${to}]`).click();
  seen.push(`start: ${said()}; ${memory()}`);
  for (const step of steps.querySelectorAll('.step')) {
    press('next');
    seen.push(`next: ${said()}; ${memory()}`);
  }
  press('previous');
  seen.push(`previous: ${said()}`);
  press('first');
  seen.push(`first: ${said()}`);
  press('play');
  seen.push(`play: ${steps.querySelector('[data-to=play]').textContent}`);
  press('play');
  seen.push(`pause: ${steps.querySelector('[data-to=play]').textContent}`);
";
    let small = small_claim();
    let Some((page, lines)) = seen(&["check", "--only", &small, "unlocked/2x1/explorer"], CLAIMS)
    else {
        return;
    };
    let claims = page.matches("data-verdict=").count();
    assert_eq!(lines[0], format!("all: {claims} of {claims} claims"), "{lines:?}");
    assert!(lines[1].starts_with("refuted: ") && lines[1] != lines[0], "{lines:?}");
    assert_eq!(lines[2], format!("none: 0 of {claims} claims"));
    // Two processes read 0, and both write 1.
    assert!(lines[3].contains("at the beginning") && lines[3].ends_with('0'), "{lines:?}");
    let steps = lines.iter().filter(|line| line.starts_with("next: ")).count();
    assert!(steps >= 4 && lines[3 + steps].ends_with('1'), "{lines:?}");
    let last = &lines[4 + steps..];
    assert_eq!(last[0], format!("previous: Step {} of {steps}", steps - 1), "{lines:?}");
    assert_eq!(last[1], format!("first: {steps} steps, at the beginning"), "{lines:?}");
    assert_eq!(last[2..], ["play: Pause", "pause: Play"], "{lines:?}");
}

#[test]
fn a_line_of_source_opens_and_lists_its_mutants() {
    const SOURCE: &str = r"
  const opened = () => document.querySelectorAll('.source > li > details[open]').length;
  const press = to => document.querySelector(`#filter [data-to=${to}]`).click();
  seen.push(`all: ${shown()}`);
  choose('lines', 'any');
  seen.push(`any: ${shown()}`);
  const hidden = [...document.querySelectorAll('.source > li')].filter(line => line.offsetHeight === 0).length;
  seen.push(`hidden: ${hidden}`);
  press('open');
  seen.push(`opened: ${opened()}`);
  press('close');
  seen.push(`closed: ${opened()}`);
  choose('lines', '');
  const line = document.querySelector('.source > li:has(details)');
  location.hash = line.id;
  follow();
  seen.push(`followed: ${opened()} ${line.querySelector('.mutants').offsetHeight > 0}`);
";
    let Some((page, lines)) = seen(&["mutate", "counter"], SOURCE) else { return };
    let all = lockproof::raw::source::of("src/raw/counter.rs").expect("a source").lines().count();
    let mutated = page.matches("<ul class=\"mutants\">").count();
    assert!(mutated > 0, "{page}");
    let wanted = [
        format!("all: {all} of {all} lines"),
        format!("any: {mutated} of {all} lines"),
        format!("hidden: {}", all - mutated),
        format!("opened: {mutated}"),
        "closed: 0".to_owned(),
        "followed: 1 true".to_owned(),
    ];
    assert_eq!(lines, wanted);
}

/// Each drawing with its height, and how far it reaches beyond what it stands in.
const DRAWINGS: &str = r"
  for (const drawing of document.querySelectorAll('svg')) {
    const [own, around] = [drawing, drawing.parentElement].map(one => one.getBoundingClientRect());
    const words = drawing.getAttribute('aria-label');
    seen.push(`${own.height > 40 && own.right <= around.right + 1}: ${words}`);
  }
";

#[test]
fn a_run_with_kills_is_drawn() {
    let run =
        "stress --subject mutex --processes 2 --count 50000 --kills 40 --kill-holders --seed 1";
    let Some((page, lines)) = seen(&run.split(' ').collect::<Vec<_>>(), DRAWINGS) else { return };
    let wanted = ["Throughput over time", "Shares of the workers", "Recovery times"];
    assert_eq!(lines.len(), wanted.len(), "{lines:?}");
    for (line, wanted) in lines.iter().zip(wanted) {
        assert!(line.starts_with(&format!("true: {wanted}")), "{lines:?}");
    }
    assert!(page.contains("From the kill of a holder until"), "{page}");
}

#[test]
fn ratios_to_peers_are_drawn() {
    let command = ["bench", "mutex/alone", "mutex/two", "--rounds", "2", "--window", "2ms"];
    let Some((page, lines)) = seen(&command, DRAWINGS) else { return };
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("true: How many times as good")), "{lines:?}");
    assert!(page.contains("<strong>lockproof Mutex</strong>"), "{page}");
}
