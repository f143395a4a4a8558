//! Which pictures may be a person's, by the names of their files.

use super::plan::stem_of;
use crate::{
    roster::{self, Entry},
    service::{id_number, person_name},
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// A number inside a longer name identifies only from this many characters on: `IMG_1` is nobody's.
const INSIDE_CHARS_MIN: usize = 6;
/// What cameras, phones and messengers begin names with; the digits behind are days and counters.
const CAMERAS: [&str; 14] =
    ["img", "dsc", "dcim", "pxl", "vid", "mvimg", "photo", "p_", "wx_camera", "mmexport", "screenshot", "微信图片", "qq图片", "截图"];

/// How a picture was matched to a person; a greater kind beats a lesser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Name,
    /// The number stands inside the file's name.
    Inside,
    Id,
    File,
}

/// One person's pictures, and how they were found.
pub(super) struct Match<'a> {
    pub(super) kind: Kind,
    pub(super) files: Vec<&'a String>,
}

/// The names of a folder's pictures in their normal forms.
#[derive(Default)]
pub(super) struct Pictures<'a> {
    by_file: HashMap<String, Vec<&'a String>>,
    by_name: HashMap<String, Vec<&'a String>>,
    by_number: HashMap<String, Vec<&'a String>>,
    by_inside: HashMap<String, Vec<&'a String>>,
}

impl<'a> Pictures<'a> {
    pub(super) fn of(files: impl Iterator<Item = &'a String>) -> Pictures<'a> {
        let mut index = Pictures::default();
        for file in files {
            let stem = stem_of(file);
            index.by_file.entry(name_key(file)).or_default().push(file);
            index.by_name.entry(name_key(&stem)).or_default().push(file);
            for key in number_keys(&stem) {
                index.by_number.entry(key).or_default().push(file);
            }
            if let Some(inside) = number_inside(&stem) {
                index.by_inside.entry(inside).or_default().push(file);
            }
        }
        index
    }

    /// By the file that the roster names, else by the number as the file's name or inside of it, else by the person's name.
    pub(super) fn of_person(&self, entry: &Entry) -> Match<'a> {
        if !entry.file.is_empty() {
            return Match { kind: Kind::File, files: self.named(&entry.file) };
        }
        let mut found = Match { kind: Kind::Id, files: Vec::new() };
        if !entry.id.is_empty() {
            let keys = number_keys(&entry.id);
            found.files = collect(&self.by_number, &keys);
            let inside = collect(&self.by_inside, &keys);
            if found.files.is_empty() && !inside.is_empty() {
                found.kind = Kind::Inside;
            }
            // `…X.jpg` and `…X(1).jpg` are two pictures of one person, and nobody knows which is meant.
            found.files.extend(inside.into_iter().filter(|file| is_copy(file, &keys) || found.kind == Kind::Inside));
            found.files.sort_unstable();
            found.files.dedup();
        }
        if found.files.is_empty() && !entry.name.is_empty() {
            found = Match { kind: Kind::Name, files: self.by_name.get(&name_key(&entry.name)).cloned().unwrap_or_default() };
        }
        found
    }

    /// The file of this name; its case and its ending are ignored where one file fits.
    fn named(&self, file: &str) -> Vec<&'a String> {
        let whole = self.by_file.get(&name_key(file)).cloned().unwrap_or_default();
        if let Some(exact) = whole.iter().find(|found| **found == file) {
            return vec![exact];
        }
        if !whole.is_empty() {
            return whole;
        }
        let has_ending = Path::new(file).extension().is_some_and(|ending| super::plan::is_picture(&ending.to_string_lossy()));
        let stem = if has_ending { stem_of(file) } else { file.to_owned() };
        self.by_name.get(&name_key(&stem)).cloned().unwrap_or_default()
    }
}

fn collect<'a>(by: &HashMap<String, Vec<&'a String>>, keys: &[String]) -> Vec<&'a String> {
    keys.iter().filter_map(|key| by.get(key)).flatten().copied().collect()
}

fn name_key(text: &str) -> String {
    person_name::fold(text).to_lowercase()
}

/// The number as it is written, and as an identity number is: without hyphens.
fn number_keys(text: &str) -> Vec<String> {
    let number = roster::number(text).to_lowercase();
    let identity = id_number::fold(text).to_lowercase();
    if identity.len() == 18 && identity != number { vec![number, identity] } else { vec![number] }
}

/// The one long run of letters and digits in a name that has more than it.
fn number_inside(stem: &str) -> Option<String> {
    let stem = roster::number(stem).to_lowercase();
    if CAMERAS.iter().any(|camera| stem.starts_with(camera)) {
        return None;
    }
    let runs = stem.split(|character: char| !character.is_ascii_alphanumeric());
    let mut numbers = runs.filter(|run| run.len() >= INSIDE_CHARS_MIN && run.bytes().any(|byte| byte.is_ascii_digit()));
    let number = numbers.next()?;
    (numbers.next().is_none() && number.len() < stem.len()).then(|| number.to_owned())
}

/// Whether nothing stands beside the number but the mark of a copy, such as `(1)`.
fn is_copy(file: &str, keys: &[String]) -> bool {
    let stem = roster::number(&stem_of(file)).to_lowercase();
    let rest = keys.iter().find_map(|key| stem.strip_prefix(key.as_str()));
    rest.is_some_and(|rest| rest.chars().all(|character| character.is_ascii_digit() || "()-_副本".contains(character)))
}

/// The people of a roster by name.
pub(super) struct People(HashSet<String>);

impl People {
    pub(super) fn of(entries: &[Entry]) -> People {
        People(entries.iter().map(|entry| name_key(&entry.name)).filter(|name| !name.is_empty()).collect())
    }

    /// Somebody else whose name stands beside this person's number in the name of a file.
    pub(super) fn another_in_name(&self, file: &str, entry: &Entry, kind: Kind) -> Option<String> {
        if kind != Kind::Inside {
            return None;
        }
        let stem = name_key(&stem_of(file));
        let is_part = |character: char| character.is_alphabetic() && !character.is_ascii() || character == '\u{b7}';
        let own = name_key(&entry.name);
        stem.split(|character| !is_part(character))
            .find(|part| !part.is_empty() && *part != own && self.0.contains(*part))
            .map(str::to_owned)
    }
}
