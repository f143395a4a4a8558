//! Just enough reading of Rust to see which paths a file names: comments, strings and test modules are blanked out first.

/// A file with everything blanked that is not code of the product; line numbers stay.
pub(super) struct Source {
    code: String,
}

impl Source {
    /// Blanks comments, literals and `#[cfg(test)]` items.
    pub(super) fn new(text: &str) -> Self {
        let mut code = blank_literals(text);
        while let Some(start) = code.find("#[cfg(test)]") {
            let end = item_end(&code, start);
            blank(&mut code, start, end);
        }
        Self { code }
    }

    /// Lines on which a word stands alone.
    pub(super) fn lines_with_word(&self, word: &str) -> Vec<usize> {
        self.words(word).map(|at| self.line(at)).collect()
    }

    /// Lines that name a crate: `name::…`, or `use name`.
    pub(super) fn lines_using(&self, name: &str) -> Vec<usize> {
        self.words(name)
            .filter(|&at| {
                let before = self.code[..at].trim_end();
                let inside_path = before.ends_with("::") && before.len() > 2 && !before.ends_with(" ::");
                let after = &self.code[at + name.len()..];
                !inside_path && (after.starts_with("::") || before.ends_with("use"))
            })
            .map(|at| self.line(at))
            .collect()
    }

    /// The second segments of all paths that begin with `root`, groups in braces included, each with its line.
    pub(super) fn segments_after(&self, root: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for at in self.words(root) {
            let Some(rest) = self.code[at + root.len()..].strip_prefix("::") else {
                continue;
            };
            let start = self.code.len() - rest.len();
            if !rest.starts_with('{') {
                found.push((self.line(start), identifier(rest)));
                continue;
            }
            let mut depth = 0;
            let mut expects_name = false;
            for (offset, c) in rest.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && (c == '{' || c == ',') {
                    expects_name = true;
                } else if expects_name && is_word(c) {
                    found.push((self.line(start + offset), identifier(&rest[offset..])));
                    expects_name = false;
                }
            }
        }
        found
    }

    fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
            let before = self.code[..at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|&c| is_word(c)).collect()
}

/// Replaces comments and literals by spaces, character for character in the count of lines.
fn blank_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = literal_length(&code, rest);
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    code
}

/// Length in bytes of the comment or literal that begins here, or 0.
fn literal_length(before: &str, rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('"') {
        return quoted_length(rest, '"');
    }
    let raw = rest.strip_prefix('r').filter(|_| !before.chars().next_back().is_some_and(|c| is_word(c) && c != 'b'));
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 1 + hashes + 1;
            return rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len());
        }
    }
    // A character literal closes within a few bytes; a lifetime does not close at all.
    if let Some(character) = rest.strip_prefix('\'') {
        let escaped = character.starts_with('\\');
        let one = character.chars().next().map_or(0, char::len_utf8);
        if escaped || character[one..].starts_with('\'') {
            return quoted_length(rest, '\'');
        }
    }
    0
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// End of the item that an attribute belongs to: its closing brace, or the semicolon when it has none.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return start + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + offset + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(code: &mut String, start: usize, end: usize) {
    let spaces: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    code.replace_range(start..end, &spaces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_blank() {
        let source = Source::new("let a = \"std::fs\"; // std::fs\n/* std::fs */ let c = '\"'; r#\"std::fs\"#;\nstd::net::x()");
        assert_eq!(source.segments_after("std"), [(3, "net".to_owned())]);
    }

    #[test]
    fn lifetimes_do_not_swallow_code() {
        let source = Source::new("fn f<'a>(x: &'a str) { std::fs::read(x) } // '\nconst C: char = '\\'';");
        assert_eq!(source.segments_after("std"), [(1, "fs".to_owned())]);
    }

    #[test]
    fn test_items_are_blank_and_what_follows_is_not() {
        let source = Source::new("#[cfg(test)]\nmod tests;\nuse std::fs;\n#[cfg(test)]\nmod t { fn f() { std::net::x() } }\nuse std::env;");
        let names: Vec<String> = source.segments_after("std").into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["fs", "env"]);
    }

    #[test]
    fn groups_are_read_at_their_first_level() {
        let source = Source::new("use crate::{api::{net, x}, store, service as s};");
        let names: Vec<String> = source.segments_after("crate").into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["api", "store", "service"]);
    }
}
