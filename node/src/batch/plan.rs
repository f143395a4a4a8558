//! Which picture belongs to whom, decided before any picture is read.

use super::{
    names,
    others::Others,
    pairing::{Kind, Match, People, Pictures},
    table::{Outcome, Row},
};
use crate::{
    roster::{Entry, Roster},
    service::person_name::{self, NameFault},
};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// Bound: pictures of one batch.
const MAX_PICTURES: usize = 100_000;
/// Endings of what people take for pictures; those that are not read are refused one by one, with advice.
const ENDINGS: [&str; 13] = ["jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "heic", "heif", "avif", "bmp", "tif", "tiff"];

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
    /// What lies in the folder and was not looked at: subfolders, with a stroke behind, and files that are no pictures.
    pub skipped: Vec<String>,
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
        let Found { pictures, unreadable, skipped } = pictures(folder)?;
        if pictures.is_empty() && unreadable.is_empty() {
            let seen = if skipped.is_empty() {
                String::new()
            } else {
                format!("; it holds {}", skipped.iter().take(5).cloned().collect::<Vec<_>>().join(", "))
            };
            bail!("{} holds no pictures ({}){seen}", folder.display(), ENDINGS.join(", "));
        }
        let mut plan = Plan { folder: folder.to_owned(), has_people: roster.is_some(), skipped, ..Plan::default() };
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
        let index = Pictures::of(pictures.keys());
        let people = People::of(&roster.entries);
        let mut namesakes: HashMap<String, Vec<&Entry>> = HashMap::new();
        let matches: Vec<Match<'_>> = roster.entries.iter().map(|entry| index.of_person(entry)).collect();
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
                    let wrong = people.another_in_name(file, entry, found.kind);
                    if let Some(other) = wrong {
                        self.settled.push(settle(
                            Outcome::Duplicate,
                            format!("照片 {file} 的文件名中有此人的号码，却有 {other} 的姓名。请核对后改名。"),
                            format!("Picture {file} is named with this person's number and with the name of {other}. Check it and rename the file."),
                        ));
                    } else if others.is_empty() {
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
            let (mut zh, mut en) =
                ("名单中没有与这张照片对应的人。".to_owned(), "Nobody in the roster belongs to this picture.".to_owned());
            if let Err(fault @ NameFault::PrivateUse(_)) = person_name::normal(&stem_of(file)) {
                let why = fault.text();
                (zh, en) = (format!("{zh}文件名：{}", why.zh), format!("{en} Of the file's name: {}", why.en));
            }
            self.settled.push(Row::settled(entry, Outcome::NotInRoster, zh, en));
        }
    }
}

pub(super) fn is_picture(ending: &str) -> bool {
    ENDINGS.contains(&ending.to_lowercase().as_str())
}

pub(super) fn stem_of(file: &str) -> String {
    Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The stem that somebody without a picture would have.
pub(super) fn stem_without_picture(entry: &Entry) -> Option<String> {
    [&entry.id, &entry.name, &stem_of(&entry.file)].into_iter().find(|text| !text.is_empty()).and_then(|text| names::stem(text))
}

/// What lies in a folder.
struct Found {
    /// Pictures by file name.
    pictures: BTreeMap<String, PathBuf>,
    /// A line for each picture whose name is no text.
    unreadable: Vec<Row>,
    skipped: Vec<String>,
}

fn pictures(folder: &Path) -> Result<Found> {
    let (mut found, mut unreadable, mut skipped) = (BTreeMap::new(), Vec::new(), Vec::new());
    for item in std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = item?.path();
        let Some(name) = path.file_name() else { continue };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if !ENDINGS.contains(&ending.as_str()) || !path.is_file() {
            let stroke = if path.is_dir() { "/" } else { "" };
            if skipped.len() < MAX_PICTURES {
                skipped.push(format!("{}{stroke}", name.to_string_lossy()));
            }
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
    skipped.sort_unstable();
    let refuse = |file| {
        Row::settled(
            Entry { file, ..Entry::default() },
            Outcome::Refused,
            "文件名编码有误，无法识别。请重命名此文件后重试。".into(),
            "The name of this file is not valid text (UTF-8). Rename the file and try again.".into(),
        )
    };
    Ok(Found { pictures: found, unreadable: unreadable.into_iter().map(refuse).collect(), skipped })
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
        let plan = Plan::make(dir.path(), Some(&Roster { entries, ..Roster::default() })).unwrap();
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
        let plan = Plan::make(folder(files).path(), Some(&Roster { entries, ..Roster::default() })).unwrap();
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
        let plan = Plan::make(dir.path(), Some(&Roster { entries, ..Roster::default() })).unwrap();
        assert_eq!(plan.tasks.iter().map(|t| t.stem.as_str()).collect::<Vec<_>>(), ["X1", "x1-2", "X1-3"]);
    }

    #[test]
    fn pictures_are_found_by_every_form_of_a_file_column_and_by_a_number_inside_a_name() {
        let found = |files: &[&str], people: &[(&str, &str, &str)]| {
            let entries: Vec<Entry> = people.iter().map(|(file, id, name)| person(file, id, name)).collect();
            let plan = Plan::make(folder(files).path(), Some(&Roster { entries, ..Roster::default() })).unwrap();
            plan.tasks.iter().map(|task| task.entry.file.clone()).collect::<Vec<_>>()
        };
        for wanted in ["A1.jpg", "a1.JPG", "a1", "A1.png"] {
            assert_eq!(found(&["A1.jpg"], &[(wanted, "7", "甲")]), ["A1.jpg"], "{wanted}");
        }
        assert_eq!(found(&["a1.jpg", "a1.png"], &[("a1", "7", "甲")]), [""; 0], "nobody knows which");
        assert_eq!(found(&["A1.jpg", "a1.jpg"], &[("a1.jpg", "7", "甲")]), ["a1.jpg"]);
        let one = [("", "11999920010228005X", "测试丙")];
        for file in [
            "11999920010228005X测试丙.jpg",
            "测试丙_11999920010228005x.jpg",
            "11999920010228005X(1).jpg",
            "１１９９９９２００１０２２８００５Ｘ.jpg",
        ] {
            assert_eq!(found(&[file], &one), [file]);
        }
        assert_eq!(found(&["11999920010228005X.jpg", "11999920010228005X(1).jpg"], &one), [""; 0], "two pictures of one person");
        assert_eq!(found(&["20260001.jpg", "IMG_20260001.jpg", "IMG_20260001_120000.jpg"], &[("", "20260001", "甲")]), ["20260001.jpg"]);
        assert_eq!(found(&["IMG_20260001.jpg"], &[("", "20260001", "甲")]), [""; 0], "a camera's day is nobody's number");
        assert_eq!(found(&["艾力•测试.jpg"], &[("", "D1", "艾力·测试")]), ["艾力•测试.jpg"]);
        // The number says one person and the name another.
        assert_eq!(found(&["20260001李四.jpg"], &[("", "20260001", "张三"), ("", "20260002", "李四")]), [""; 0]);
    }

    #[test]
    fn what_was_not_looked_at_is_listed() {
        let dir = folder(&["a.jpg", "notes.txt", ".hidden.jpg"]);
        std::fs::create_dir(dir.path().join("一班")).unwrap();
        assert_eq!(Plan::make(dir.path(), None).unwrap().skipped, ["notes.txt", "一班/"]);
        std::fs::remove_file(dir.path().join("a.jpg")).unwrap();
        assert!(Plan::make(dir.path(), None).unwrap_err().to_string().contains("一班/"));
    }

    #[test]
    fn a_folder_without_pictures_is_said() {
        let dir = folder(&["notes.txt"]);
        assert!(Plan::make(dir.path(), None).is_err());
    }
}
