//! Names of finished files, made of what a roster says.

/// Bound: bytes of a stem. File systems take names of 255 bytes, and what tells stems apart, the spec, the ending and the
/// mark of a file half written come on top.
const MAX_BYTES: usize = 150;

/// A stem that is safe on every system; `None` when nothing of the text remains.
pub(super) fn stem(text: &str) -> Option<String> {
    // Attack: a roster may name a person `../../etc/cron.d/x`, or after a device of Windows.
    let safe = |c: char| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c };
    let text: String = text.trim().trim_matches('.').chars().map(safe).collect();
    let text = text[..text.floor_char_boundary(MAX_BYTES)].trim_matches(['.', ' ']).to_owned();
    let upper = text.to_uppercase();
    let device = ["CON", "PRN", "AUX", "NUL"].contains(&upper.as_str())
        || (upper.len() == 4 && (upper.starts_with("COM") || upper.starts_with("LPT")) && upper.ends_with(|c: char| c.is_ascii_digit()));
    match (text.is_empty(), device) {
        (true, _) => None,
        (_, true) => Some(format!("_{text}")),
        _ => Some(text),
    }
}

#[cfg(test)]
mod tests {
    //! Hostile names stay in the folder.
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(stem("110101199001011234").unwrap(), "110101199001011234");
        assert_eq!(stem("张三").unwrap(), "张三");
        assert_eq!(stem("../../etc/passwd").unwrap(), "_.._etc_passwd");
        assert_eq!(stem("a\0b\nc").unwrap(), "a_b_c");
        assert_eq!(stem("con").unwrap(), "_con");
        assert_eq!(stem("..."), None);
        assert_eq!(stem("  "), None);
    }

    #[test]
    fn stems_are_bounded_in_bytes_and_cut_between_characters() {
        assert_eq!(stem(&"x".repeat(5_000)).unwrap().len(), MAX_BYTES);
        assert_eq!(stem(&"张".repeat(100)).unwrap(), "张".repeat(50));
        assert_eq!(stem(&format!("a{}", "张".repeat(100))).unwrap(), format!("a{}", "张".repeat(49)));
    }
}
