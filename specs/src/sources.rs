//! Whose page a source is, by its address.

/// What the addresses of authorities and schools end in, and single ones of theirs that do not.
const ENDINGS: [&str; 14] = [
    ".gov",
    ".gov.cn",
    ".gov.hk",
    ".gov.mo",
    ".gov.uk",
    ".go.jp",
    ".edu",
    ".edu.cn",
    ".europa.eu",
    ".icao.int",
    ".iso.org",
    ".chsi.com.cn",
    ".mil",
    ".gc.ca",
];

/// Whether a source names a page of an authority or a school. It may be an address, or one with words behind it.
pub(crate) fn is_of_authority_or_school(source: &str) -> bool {
    let rest = source.split_once("://").map_or(source, |(_, rest)| rest);
    let host = rest.split(['/', ' ', '?', '#', ':']).next().unwrap_or_default().to_ascii_lowercase();
    // Attack: `gov.cn@example.com` is a page of example.com.
    !host.contains('@') && ENDINGS.iter().any(|ending| host.ends_with(ending) || host == ending[1..])
}
