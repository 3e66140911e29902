//! "Did you mean …?": the known word nearest to a mistyped one.

/// The candidate that differs from `word` by at most two edits, or a third of its letters, and by the fewest.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let most = 2.max(word.chars().count() / 3).min(4);
    candidates
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= most && *edits < candidate.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// A sentence that names what is known, the nearest first, where `word` is not; at most six names.
pub(crate) fn known_names(word: &str, known: impl IntoIterator<Item = String>) -> String {
    const SHOWN: usize = 6;
    let folded = word.to_lowercase();
    let mut names: Vec<(usize, String)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            // Whoever types a part of a name means it.
            let edits = if lower.contains(&folded) { 0 } else { distance(&folded, &lower) };
            (edits, name)
        })
        .collect();
    names.sort();
    let (number, shown) = (names.len(), names.into_iter().take(SHOWN).map(|(_, name)| name));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match number {
        0 => "none is known yet".to_owned(),
        1 => format!("the only one known is {shown}"),
        2..=SHOWN => format!("known are {shown}"),
        _ => format!("the nearest of {number} are {shown}"),
    }
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_a_stranger_finds_none() {
        let known = || ["hosts", "tls", "username", "secret_file"].into_iter();
        assert_eq!(nearest("host", known()), Some("hosts"));
        assert_eq!(nearest("usrename", known()), Some("username"));
        assert_eq!(nearest("secretfile", known()), Some("secret_file"));
        assert_eq!(nearest("colour", known()), None);
        assert_eq!(nearest("x", known()), None);
    }

    #[test]
    fn what_is_known_is_named_with_the_nearest_first() {
        let names = |number: usize| {
            ["sales", "support", "vip", "a", "b", "c", "d"].map(str::to_owned).into_iter().take(number)
        };
        assert_eq!(known_names("x", names(0)), "none is known yet");
        assert_eq!(known_names("SALE", names(3)), "known are sales, vip, support");
        assert_eq!(known_names("vipp", names(1)), "the only one known is sales");
        assert!(known_names("vipp", names(7)).starts_with("the nearest of 7 are vip, "));
    }
}
