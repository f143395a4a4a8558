//! Which picture belongs to whom, decided before any picture is read.

use super::{
    names,
    others::Others,
    roster::{Entry, Roster},
    table::{Outcome, Row},
};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// Bound: pictures of one batch.
const MAX_PICTURES: usize = 100_000;
/// Endings of what people take for pictures; those that are not read are refused one by one, with advice.
const ENDINGS: [&str; 10] = ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "bmp", "tif", "tiff"];

/// One picture to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) picture: PathBuf,
    pub(super) entry: Entry,
    /// Stem of the finished file.
    pub(super) stem: String,
}

/// The work of a batch, and what is settled without any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The folder of the pictures, into which nothing is ever written.
    pub(super) folder: PathBuf,
    /// Whether the pictures belong to people, or only stand for themselves.
    pub(super) has_people: bool,
    pub(super) tasks: Vec<Task>,
    pub(super) settled: Vec<Row>,
}

/// How a picture was matched to a person; a greater kind beats a lesser one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Name,
    Id,
    File,
}

/// One person's pictures, and how they were found.
struct Match<'a> {
    kind: Kind,
    files: Vec<&'a String>,
}

impl Plan {
    /// Number of pictures to be worked on.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is no picture at all.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Pairs the pictures of a folder with the people of a roster: by the file that the roster names, else by a file named
    /// after the number, else after the person. Without a roster every picture stands for itself.
    ///
    /// A picture that several people claim in the same way goes to none of them: nobody knows whose it is.
    ///
    /// # Errors
    /// The folder cannot be read or holds no pictures.
    pub fn make(folder: &Path, roster: Option<&Roster>) -> Result<Plan> {
        let (pictures, unreadable) = pictures(folder)?;
        if pictures.is_empty() && unreadable.is_empty() {
            bail!("{} holds no pictures ({})", folder.display(), ENDINGS.join(", "));
        }
        let mut plan = Plan { folder: folder.to_owned(), has_people: roster.is_some(), ..Plan::default() };
        match roster {
            None => plan.without_roster(&pictures),
            Some(roster) => plan.with_roster(&pictures, roster),
        }
        plan.settled.extend(unreadable);
        Ok(plan)
    }

    fn without_roster(&mut self, pictures: &BTreeMap<String, PathBuf>) {
        let mut taken = Taken::default();
        for (file, picture) in pictures {
            let own = stem_of(file);
            self.tasks.push(Task {
                picture: picture.clone(),
                entry: Entry { file: file.clone(), ..Entry::default() },
                stem: taken.free(&own),
            });
        }
    }

    fn with_roster(&mut self, pictures: &BTreeMap<String, PathBuf>, roster: &Roster) {
        let mut by_stem: HashMap<String, Vec<&String>> = HashMap::new();
        for file in pictures.keys() {
            by_stem.entry(stem_of(file).to_lowercase()).or_default().push(file);
        }
        let mut namesakes: HashMap<String, Vec<&Entry>> = HashMap::new();
        let matches: Vec<Match<'_>> = roster.entries.iter().map(|entry| candidates(entry, pictures, &by_stem)).collect();
        let mut claims: HashMap<&String, (Kind, Vec<&Entry>)> = HashMap::new();
        for (entry, found) in roster.entries.iter().zip(&matches) {
            namesakes.entry(entry.name.to_lowercase()).or_default().push(entry);
            for file in &found.files {
                let (kind, by) = claims.entry(*file).or_insert((found.kind, Vec::new()));
                if found.kind > *kind {
                    (*kind, *by) = (found.kind, Vec::new());
                }
                if found.kind == *kind {
                    by.push(entry);
                }
            }
        }
        let mut taken = Taken::default();
        for (entry, found) in roster.entries.iter().zip(&matches) {
            let settle = |outcome, zh: String, en: String| Row::settled(entry.clone(), outcome, zh, en);
            match found.files.as_slice() {
                [] => self.settled.push(settle(
                    Outcome::NoPicture,
                    "文件夹中没有此人的照片。请补拍，或核对名单中的文件名。".into(),
                    "The folder has no picture of this person. Take one, or check the file name in the roster.".into(),
                )),
                [file] => {
                    // A name that two people bear tells nothing about either, even if one of them has another picture.
                    let by = match (found.kind, &claims[*file]) {
                        (Kind::Name, (Kind::Name, _)) => &namesakes[&entry.name.to_lowercase()],
                        (_, (_, by)) => by,
                    };
                    let is_among_them = claims[*file].0 == found.kind;
                    let count = by.len() - usize::from(is_among_them);
                    let others = Others::of(by.iter().copied().filter(|other| !std::ptr::eq(*other, entry)), count);
                    if others.is_empty() {
                        let wanted = [&entry.id, &entry.name, &stem_of(file)].into_iter().find(|text| !text.is_empty()).cloned();
                        let entry = Entry { file: (*file).clone(), ..entry.clone() };
                        self.tasks.push(Task { picture: pictures[*file].clone(), entry, stem: taken.free(&wanted.unwrap_or_default()) });
                    } else {
                        self.settled.push(settle(
                            Outcome::Duplicate,
                            format!("照片 {file} 也对应 {}。请在名单的“照片”一栏写明每人的文件名。", others.zh()),
                            format!("Picture {file} is also claimed by {}. Name each person's file in the column `file`.", others.en()),
                        ));
                    }
                }
                several => {
                    let names = several.iter().map(|file| file.as_str()).collect::<Vec<_>>().join(", ");
                    self.settled.push(settle(
                        Outcome::Duplicate,
                        format!("此人有多张照片：{names}。请只留一张。"),
                        format!("There are several pictures of this person: {names}. Keep one."),
                    ));
                }
            }
        }
        for file in pictures.keys().filter(|file| !claims.contains_key(file)) {
            let entry = Entry { file: file.clone(), ..Entry::default() };
            self.settled.push(Row::settled(
                entry,
                Outcome::NotInRoster,
                "名单中没有与这张照片对应的人。".into(),
                "Nobody in the roster belongs to this picture.".into(),
            ));
        }
    }
}

fn candidates<'a>(entry: &Entry, pictures: &'a BTreeMap<String, PathBuf>, by_stem: &HashMap<String, Vec<&'a String>>) -> Match<'a> {
    if !entry.file.is_empty() {
        let files = pictures.get_key_value(&entry.file).map(|(file, _)| file).into_iter().collect();
        return Match { kind: Kind::File, files };
    }
    let named = |kind, text: &str| {
        let files = if text.is_empty() { None } else { by_stem.get(&text.to_lowercase()).cloned() };
        files.map(|files| Match { kind, files })
    };
    named(Kind::Id, &entry.id).or_else(|| named(Kind::Name, &entry.name)).unwrap_or(Match { kind: Kind::Name, files: Vec::new() })
}

fn stem_of(file: &str) -> String {
    Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The stem that somebody without a picture would have.
pub(super) fn stem_without_picture(entry: &Entry) -> Option<String> {
    [&entry.id, &entry.name, &stem_of(&entry.file)].into_iter().find(|text| !text.is_empty()).and_then(|text| names::stem(text))
}

/// Pictures of a folder by file name, hidden ones and folders left out, and a line for each whose name is no text.
fn pictures(folder: &Path) -> Result<(BTreeMap<String, PathBuf>, Vec<Row>)> {
    let (mut found, mut unreadable) = (BTreeMap::new(), Vec::new());
    for item in std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = item?.path();
        let Some(name) = path.file_name() else { continue };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b".") || !ENDINGS.contains(&ending.as_str()) || !path.is_file() {
            continue;
        }
        match name.to_str() {
            Some(name) => _ = found.insert(name.to_owned(), path),
            // Two such names may look the same once they are made into text, so none of them can stand for a person.
            None => unreadable.push(name.to_string_lossy().into_owned()),
        }
        if found.len() + unreadable.len() > MAX_PICTURES {
            bail!("{} holds more than {MAX_PICTURES} pictures; split it", folder.display());
        }
    }
    unreadable.sort_unstable();
    let refuse = |file| {
        Row::settled(
            Entry { file, ..Entry::default() },
            Outcome::Refused,
            "文件名编码有误，无法识别。请重命名此文件后重试。".into(),
            "The name of this file is not valid text (UTF-8). Rename the file and try again.".into(),
        )
    };
    Ok((found, unreadable.into_iter().map(refuse).collect()))
}

/// Stems given out so far; systems that ignore case must not overwrite one file by another.
#[derive(Default)]
struct Taken(HashMap<String, u32>);

impl Taken {
    fn free(&mut self, wanted: &str) -> String {
        let base = names::stem(wanted).unwrap_or_else(|| "photo".into());
        let mut stem = base.clone();
        while self.0.contains_key(&stem.to_lowercase()) {
            let count = self.0.entry(base.to_lowercase()).or_insert(1);
            *count += 1;
            stem = format!("{base}-{count}");
        }
        let _ = self.0.insert(stem.to_lowercase(), 1);
        stem
    }
}

#[cfg(test)]
mod tests {
    //! Pairing of pictures and people.
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), b"x").unwrap();
        }
        dir
    }

    fn person(file: &str, id: &str, name: &str) -> Entry {
        Entry { file: file.into(), id: id.into(), name: name.into() }
    }

    #[test]
    fn people_find_their_pictures_by_file_number_and_name() {
        let dir = folder(&["a.jpg", "007.PNG", "李四.jpeg", "stray.jpg", "notes.txt", ".hidden.jpg", "王五.jpg", "王五.png"]);
        let entries = vec![
            person("a.jpg", "1", "张三"),
            person("", "007", ""),
            person("", "3", "李四"),
            person("", "4", "nobody"),
            person("", "5", "王五"),
            person("a.jpg", "6", "赵六"),
        ];
        let plan = Plan::make(dir.path(), Some(&Roster { entries })).unwrap();
        let stems: Vec<(&str, &str)> = plan.tasks.iter().map(|t| (t.entry.file.as_str(), t.stem.as_str())).collect();
        assert_eq!(stems, [("007.PNG", "007"), ("李四.jpeg", "3")]);
        let settled: Vec<(Outcome, &str)> = plan.settled.iter().map(|row| (row.outcome, row.entry.id.as_str())).collect();
        let duplicates = [(Outcome::Duplicate, "5"), (Outcome::Duplicate, "6")];
        assert_eq!(
            settled,
            [&[(Outcome::Duplicate, "1"), (Outcome::NoPicture, "4")], &duplicates[..], &[(Outcome::NotInRoster, "")]].concat()
        );
        assert!(plan.settled[0].reasons_zh.contains("赵六") && plan.settled[3].reasons_zh.contains("张三"), "{:?}", plan.settled);
    }

    /// Ids of the people who get a picture, and of those who are marked as duplicates.
    fn shares(files: &[&str], people: &[(&str, &str, &str)]) -> (Vec<String>, Vec<String>) {
        let entries = people.iter().map(|(file, id, name)| person(file, id, name)).collect();
        let plan = Plan::make(folder(files).path(), Some(&Roster { entries })).unwrap();
        let duplicates = plan.settled.iter().filter(|row| row.outcome == Outcome::Duplicate);
        (plan.tasks.iter().map(|task| task.entry.id.clone()).collect(), duplicates.map(|row| row.entry.id.clone()).collect())
    }

    #[test]
    fn people_of_one_name_do_not_get_each_others_picture() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let (made, duplicates) = shares(&["张伟.jpg"], &[("", "1", "张伟"), ("", "2", "张伟")]);
        assert_eq!((made, duplicates), (ids(&[]), ids(&["1", "2"])));
        // A picture of one of them by number says nothing about whose the other picture is.
        let (made, duplicates) = shares(&["张伟.jpg", "1.jpg"], &[("", "1", "张伟"), ("", "2", "张伟")]);
        assert_eq!((made, duplicates), (ids(&["1"]), ids(&["2"])));
        // The file that the roster names beats a number, and a number beats a name, wherever the lines stand.
        let (made, duplicates) = shares(&["2.jpg"], &[("", "2", ""), ("2.jpg", "3", "")]);
        assert_eq!((made, duplicates), (ids(&["3"]), ids(&["2"])));
        let (made, duplicates) = shares(&["2.jpg"], &[("", "4", "2"), ("", "2", "")]);
        assert_eq!((made, duplicates), (ids(&["2"]), ids(&["4"])));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_refused_one_by_one() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let dir = folder(&["a.jpg"]);
        for name in [&b"\xd5\xc5.jpg"[..], b"\xd5\xc6.jpg"] {
            std::fs::write(dir.path().join(OsStr::from_bytes(name)), b"x").unwrap();
        }
        let plan = Plan::make(dir.path(), None).unwrap();
        assert_eq!(plan.tasks.len(), 1);
        assert_eq!(plan.settled.iter().map(|row| row.outcome).collect::<Vec<_>>(), [Outcome::Refused; 2]);
        assert!(plan.settled[0].reasons_en.contains("Rename the file"));
    }

    #[test]
    fn two_people_of_one_number_do_not_overwrite_each_other() {
        let dir = folder(&["a.jpg", "b.jpg", "c.jpg"]);
        let entries = vec![person("a.jpg", "X1", ""), person("b.jpg", "x1", ""), person("c.jpg", "X1", "")];
        let plan = Plan::make(dir.path(), Some(&Roster { entries })).unwrap();
        assert_eq!(plan.tasks.iter().map(|t| t.stem.as_str()).collect::<Vec<_>>(), ["X1", "x1-2", "X1-3"]);
    }

    #[test]
    fn a_folder_without_pictures_is_said() {
        let dir = folder(&["notes.txt"]);
        assert!(Plan::make(dir.path(), None).is_err());
    }
}
