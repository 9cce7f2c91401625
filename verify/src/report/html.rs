//! Reports as pages, each of which needs nothing but itself: no network, and no script to be read or printed.
//!
//! All of them have one frame: the verdict at the top, what was asked for, and links to the parts.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

mod check;
mod mutation;
#[cfg(target_os = "linux")]
pub(crate) mod plot;

pub use check::report;
pub use mutation::mutation;

const FRAME: &str = include_str!("html/frame.html");
const STYLE: &str = include_str!("html/frame.css");

/// What every page has.
#[derive(Serialize)]
pub(crate) struct Frame {
    /// What came of it, in a line.
    pub(crate) verdict: String,
    /// Whether all is as it should be.
    pub(crate) good: bool,
    /// What was asked for, and how long it took.
    pub(crate) circumstances: String,
    /// What can be jumped to.
    pub(crate) parts: Vec<Part>,
}

/// A part of a page.
#[derive(Serialize)]
pub(crate) struct Part {
    id: &'static str,
    title: &'static str,
}

impl Part {
    pub(crate) const fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title }
    }
}

/// What one kind of page has for itself.
pub(crate) struct Look {
    pub(crate) body: &'static str,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    frame: Frame,
    style: String,
    script: &'static str,
    body: String,
}

/// The page that says `content`.
pub(crate) fn page(frame: Frame, look: &Look, content: impl Serialize) -> String {
    let body = filled(look.body, content);
    let style = STYLE.to_owned() + look.style;
    filled(FRAME, Page { frame, style, script: look.script, body })
}

fn filled(template: &str, content: impl Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
        .render_str(template, Serde(content))
        .unwrap_or_else(|error| unreachable!("the page's own template: {error:#}"))
}

#[cfg(test)]
pub(crate) mod tests {
    /// A page without its doctype and its script, which are none of XML's.
    pub(crate) fn as_xml(page: &str) -> String {
        let page = page.strip_prefix("<!doctype html>\n").expect("a doctype");
        let (before, rest) = page.split_once("<script>").expect("a script");
        let (_, after) = rest.split_once("</script>").expect("its end");
        before.to_owned() + after
    }

    pub(crate) fn assert_asks_nobody(page: &str) {
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
