//! Which picture belongs to whom, decided before any picture is read.

use super::{
    names,
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
    pub(super) tasks: Vec<Task>,
    pub(super) settled: Vec<Row>,
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
    /// # Errors
    /// The folder cannot be read or holds no pictures.
    pub fn make(folder: &Path, roster: Option<&Roster>) -> Result<Plan> {
        let pictures = pictures(folder)?;
        if pictures.is_empty() {
            bail!("{} holds no pictures ({})", folder.display(), ENDINGS.join(", "));
        }
        let mut plan = Plan::default();
        match roster {
            None => plan.without_roster(&pictures),
            Some(roster) => plan.with_roster(&pictures, roster),
        }
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
        let mut used: HashMap<&String, &Entry> = HashMap::new();
        let mut taken = Taken::default();
        for entry in &roster.entries {
            let found = candidates(entry, pictures, &by_stem);
            let settle = |outcome, zh: String, en: String| Row::settled(entry.clone(), outcome, zh, en);
            match found.as_slice() {
                [] => self.settled.push(settle(
                    Outcome::NoPicture,
                    "文件夹中没有此人的照片。请补拍，或核对名单中的文件名。".into(),
                    "The folder has no picture of this person. Take one, or check the file name in the roster.".into(),
                )),
                [file] => match used.get(*file) {
                    Some(other) => self.settled.push(settle(
                        Outcome::Duplicate,
                        format!("照片 {file} 已用于 {}。请核对两人的照片。", who(other)),
                        format!("Picture {file} is already used for {}. Check the pictures of both.", who(other)),
                    )),
                    None => {
                        let _ = used.insert(*file, entry);
                        let wanted = [&entry.id, &entry.name, &stem_of(file)].into_iter().find(|text| !text.is_empty()).cloned();
                        let entry = Entry { file: (*file).clone(), ..entry.clone() };
                        self.tasks.push(Task { picture: pictures[*file].clone(), entry, stem: taken.free(&wanted.unwrap_or_default()) });
                    }
                },
                several => {
                    let names = several.iter().map(|file| file.as_str()).collect::<Vec<_>>().join(", ");
                    for file in several {
                        let _ = used.entry(*file).or_insert(entry);
                    }
                    self.settled.push(settle(
                        Outcome::Duplicate,
                        format!("此人有多张照片：{names}。请只留一张。"),
                        format!("There are several pictures of this person: {names}. Keep one."),
                    ));
                }
            }
        }
        for file in pictures.keys().filter(|file| !used.contains_key(file)) {
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

fn candidates<'a>(entry: &Entry, pictures: &'a BTreeMap<String, PathBuf>, by_stem: &HashMap<String, Vec<&'a String>>) -> Vec<&'a String> {
    if !entry.file.is_empty() {
        return pictures.get_key_value(&entry.file).map(|(file, _)| file).into_iter().collect();
    }
    let named = |text: &str| if text.is_empty() { None } else { by_stem.get(&text.to_lowercase()).cloned() };
    named(&entry.id).or_else(|| named(&entry.name)).unwrap_or_default()
}

fn who(entry: &Entry) -> String {
    [entry.name.as_str(), entry.id.as_str()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn stem_of(file: &str) -> String {
    Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Pictures of a folder by file name, hidden ones and folders left out.
fn pictures(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for item in std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = item?.path();
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !name.starts_with('.') && ENDINGS.contains(&ending.as_str()) && path.is_file() {
            let _ = found.insert(name, path);
        }
        if found.len() > MAX_PICTURES {
            bail!("{} holds more than {MAX_PICTURES} pictures; split it", folder.display());
        }
    }
    Ok(found)
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
        assert_eq!(stems, [("a.jpg", "1"), ("007.PNG", "007"), ("李四.jpeg", "3")]);
        let settled: Vec<(Outcome, &str)> = plan.settled.iter().map(|row| (row.outcome, row.entry.id.as_str())).collect();
        assert_eq!(settled, [(Outcome::NoPicture, "4"), (Outcome::Duplicate, "5"), (Outcome::Duplicate, "6"), (Outcome::NotInRoster, "")]);
        assert!(plan.settled[2].reasons_zh.contains("张三"), "{:?}", plan.settled[2]);
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
