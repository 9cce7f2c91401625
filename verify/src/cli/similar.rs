//! What a name that nothing has was perhaps meant to be.

/// How alike two names have to be: as much as clap wants of commands.
const ALIKE: f64 = 0.7;
/// How many are named at most.
const MOST: usize = 3;

/// The names that are most alike, as a question, if there are any.
pub(crate) fn did_you_mean<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let alike = |name: &'a str| (strsim::jaro_winkler(wanted, name), name);
    let mut alike: Vec<_> = names.into_iter().map(alike).filter(|(how, _)| *how > ALIKE).collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let names: Vec<_> = alike.iter().take(MOST).map(|(_, name)| format!("'{name}'")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn the_nearest_comes_first_and_nothing_where_all_are_far() {
        let names = ["mutex", "mutex-panic", "rwlock", "barrier"];
        let cases = [
            ("mutx", Some("did you mean 'mutex' or 'mutex-panic'?")),
            ("rw-lock", Some("did you mean 'rwlock'?")),
            ("xyz", None),
            ("", None),
        ];
        for (wanted, meant) in cases {
            assert_eq!(did_you_mean(wanted, names).as_deref(), meant, "{wanted}");
        }
    }
}
