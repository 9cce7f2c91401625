//! Text in columns.

use unicode_width::UnicodeWidthStr;

pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
    texts.into_iter().map(width_of).max().unwrap_or(0)
}

/// Spaces that fill `text` up to `width` columns.
pub(super) fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(width_of(text)))
}

/// The end of `site` that fits into `width` columns, from a directory on if there is one that does.
pub(super) fn shorten_site(site: &str, width: usize) -> String {
    if width_of(site) <= width {
        return site.to_owned();
    }
    let tail = site
        .match_indices('/')
        .map(|(slash, _)| format!("…{}", &site[slash..]))
        .find(|tail| width_of(tail) <= width);
    tail.unwrap_or_else(|| {
        let cut = site.char_indices().find(|(at, _)| width_of(&site[*at..]) < width);
        format!("…{}", cut.map_or("", |(at, _)| &site[at..]))
    })
}

/// How narrow [`shorten_site`] can make it without cutting the file's name.
pub(super) fn shortest_site(site: &str) -> usize {
    site.rfind('/').map_or(width_of(site), |slash| width_of(&site[slash..]) + 1)
}
