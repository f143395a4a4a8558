//! A bundle's folder, looked through before anything of it is read.
//!
//! Every name must be one that an export writes. What links, is named otherwise, differs from another name in case only, is a folder where a
//! file belongs, or exceeds its bound refuses the whole stick, in words; nothing was read or stored then.

use super::FORKS;
use crate::{
    audit::{BLOBS, LOGS, POLICY},
    service::{Kind, Refusal},
};
use protocol::{
    id::{BlobHash, Origin, RecordHash},
    limits::{
        BLOB_BYTES_MAX, ENTRY_BUNDLE_BYTES_MAX, FORK_PROOF_BYTES_MAX, FORK_PROOFS_TOLD_MAX, FRONTIER_LOGS_MAX, NOTE_BYTES_MAX,
        POLICY_BYTES_MAX,
    },
    log::tile,
};
use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Bytes of the text for people.
const README_BYTES_MAX: u64 = 64 << 10;
/// Bytes of a tile of hashes.
pub(super) const TILE_BYTES_MAX: u64 = 32 * tile::WIDTH;
/// Tiles of a log lie at most this deep in folders of a thousand.
const GROUPS_MAX: usize = 6;
/// What systems leave on every stick. It is neither read nor gone into.
/// In small letters: systems write them as they like.
const LEFT_BY_SYSTEMS: [&str; 19] = [
    ".ds_store",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    ".trash",
    ".trashes",
    ".spotlight-v100",
    ".fseventsd",
    ".temporaryitems",
    ".documentrevisions-v100",
    ".metadata_never_index",
    ".volumeicon.icns",
    ".apdisk",
    "system volume information",
    "$recycle.bin",
    "recycler",
    "lost.dir",
    "lost+found",
    "found.000",
];

/// Whether a system leaves this name on sticks. The trash of freedesktop.org carries the number of its user.
fn is_left_by_a_system(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let trash = name.strip_prefix(".trash-").is_some_and(|user| !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit()));
    trash || name.starts_with("._") || LEFT_BY_SYSTEMS.contains(&name.as_str())
}

/// What may stand at a path.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A folder of this form.
    Folder,
    /// A file of at most so many bytes.
    File(u64),
    /// Left there by a system.
    Left,
    /// Nothing.
    Nothing,
}

/// A bundle that was looked through.
#[derive(Debug)]
pub(super) struct Stick {
    root: PathBuf,
    /// Logs with a checkpoint.
    pub(super) logs: BTreeSet<Origin>,
    /// Names of the fork proofs.
    pub(super) forks: BTreeSet<RecordHash>,
    /// Names of the blobs.
    pub(super) blobs: BTreeSet<BlobHash>,
    /// Files that are ignored.
    pub(super) ignored: u64,
}

impl Stick {
    /// Looks through all of it; `files_max` is the number of files and folders that it may have.
    pub(super) fn look(dir: &Path, files_max: u64) -> Result<Self, Refusal> {
        let mut stick = Self { root: dir.to_owned(), logs: BTreeSet::new(), forks: BTreeSet::new(), blobs: BTreeSet::new(), ignored: 0 };
        let (mut seen, mut folders) = (0, vec![Vec::new()]);
        while let Some(folder) = folders.pop() {
            let mut names = HashSet::new();
            for entry in fs::read_dir(dir.join(folder.join("/"))).map_err(|error| gone(&error))? {
                let entry = entry.map_err(|error| gone(&error))?;
                seen += 1;
                if seen > files_max {
                    return Err(refusal(
                        "stick_too_many_files",
                        format!("文件多于 {files_max} 个，不是导出的数据包。请检查所选文件夹"),
                        format!("there are more than {files_max} files: this is no bundle; look which folder you chose"),
                    ));
                }
                let name = entry.file_name();
                let name = name.to_str().ok_or_else(|| unexpected(&format!("{}/{}", folder.join("/"), name.display())))?;
                if !names.insert(name.to_lowercase()) {
                    return Err(refusal(
                        "stick_names_clash",
                        format!("{}/{name} 与另一个文件仅大小写不同", folder.join("/")),
                        format!("{}/{name} differs from another file in case only: sticks cannot tell them apart", folder.join("/")),
                    ));
                }
                let path: Vec<String> = folder.iter().cloned().chain([name.to_owned()]).collect();
                if stick.take(&path, entry.path().as_path())? {
                    folders.push(path);
                }
            }
        }
        Ok(stick)
    }

    /// Takes note of one name; says whether it is a folder to look into.
    fn take(&mut self, path: &[String], at: &Path) -> Result<bool, Refusal> {
        let shown = path.join("/");
        let meta = fs::symlink_metadata(at).map_err(|error| gone(&error))?;
        let kind = meta.file_type();
        if kind.is_symlink() {
            return Err(refusal(
                "stick_link",
                format!("{shown} 是链接，可能指向本机其他文件"),
                format!("{shown} is a link, which could point anywhere on this machine"),
            ));
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match place(&path) {
            Place::Left => {
                self.ignored += 1;
                Ok(false)
            }
            Place::Nothing => Err(unexpected(&shown)),
            Place::Folder if kind.is_dir() => Ok(true),
            Place::File(max) if kind.is_file() => {
                if meta.len() > max {
                    return Err(refusal(
                        "stick_file_too_large",
                        format!("{shown} 有 {} 字节，超过上限 {max}", meta.len()),
                        format!("{shown} has {} bytes, more than the {max} that it may have", meta.len()),
                    ));
                }
                self.note(&path)?;
                Ok(false)
            }
            Place::Folder | Place::File(_) => Err(wrong_kind(&shown, kind)),
        }
    }

    fn note(&mut self, path: &[&str]) -> Result<(), Refusal> {
        match path {
            [FORKS, name] => self.forks.extend(name.parse::<RecordHash>()),
            [BLOBS, name] => self.blobs.extend(name.parse::<BlobHash>()),
            [LOGS, origin @ .., "checkpoint"] => self.logs.extend(origin.join("/").parse::<Origin>()),
            _ => {}
        }
        if self.logs.len() > FRONTIER_LOGS_MAX || self.forks.len() > FORK_PROOFS_TOLD_MAX {
            return Err(refusal(
                "stick_too_many_logs",
                format!("日志多于 {FRONTIER_LOGS_MAX} 个，或分叉证明多于 {FORK_PROOFS_TOLD_MAX} 份"),
                format!("there are more than {FRONTIER_LOGS_MAX} logs or {FORK_PROOFS_TOLD_MAX} fork proofs"),
            ));
        }
        Ok(())
    }

    /// Bytes of a file as its folder tells them.
    pub(super) fn size(&self, path: &str) -> u64 {
        fs::symlink_metadata(self.root.join(path)).map_or(0, |meta| meta.len())
    }

    /// Reads a file of at most `max` bytes; nothing where there is none.
    pub(super) fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Refusal> {
        let file = match open(&self.root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| gone(&error))?,
        };
        // Once more: the stick may have been changed since it was looked through.
        let meta = file.metadata().map_err(|error| gone(&error))?;
        if !meta.is_file() || meta.len() > max {
            return Err(unexpected(path));
        }
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        file.take(max + 1).read_to_end(&mut bytes).map_err(|error| gone(&error))?;
        if bytes.len() as u64 > max { Err(unexpected(path)) } else { Ok(Some(bytes)) }
    }
}

/// Opens without following a link and without waiting for a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    }
    options.read(true).open(path)
}

/// What may stand at a path of these names.
fn place(path: &[&str]) -> Place {
    let Some((name, folders)) = path.split_last() else { return Place::Nothing };
    if path.iter().any(|name| ["", ".", ".."].contains(name)) {
        return Place::Nothing;
    }
    if is_left_by_a_system(name) {
        return Place::Left;
    }
    match (folders, *name) {
        ([], "README.txt") => Place::File(README_BYTES_MAX),
        ([], POLICY) => Place::File(POLICY_BYTES_MAX as u64),
        ([], LOGS | BLOBS | FORKS) => Place::Folder,
        ([BLOBS], name) if name.parse::<BlobHash>().is_ok() => Place::File(BLOB_BYTES_MAX),
        ([FORKS], name) if name.parse::<RecordHash>().is_ok() => Place::File(FORK_PROOF_BYTES_MAX as u64),
        ([LOGS, ..], _) => log_place(&path[1..]),
        _ => Place::Nothing,
    }
}

/// The same below `logs/`.
fn log_place(path: &[&str]) -> Place {
    let depth = match path {
        [_, "province", ..] => 3,
        [_, "office", ..] => 4,
        [federation] if protocol::id::check_federation_name(federation).is_ok() => return Place::Folder,
        _ => return Place::Nothing,
    };
    let (origin, rest) = path.split_at(depth.min(path.len()));
    if rest.is_empty() && origin.len() < depth {
        // On the way to an origin: what stands at its end is parsed.
        let plain = origin[0].len() < 64 && origin.last().is_some_and(|name| name.len() <= 8);
        return if plain && protocol::id::check_federation_name(origin[0]).is_ok() { Place::Folder } else { Place::Nothing };
    }
    if origin.join("/").parse::<Origin>().is_err() {
        return Place::Nothing;
    }
    match rest {
        [] | ["tile"] => Place::Folder,
        ["checkpoint"] => Place::File(NOTE_BYTES_MAX as u64),
        ["tile", level] if level_bytes(level).is_some() => Place::Folder,
        ["tile", level, index @ ..] => level_bytes(level).map_or(Place::Nothing, |bytes| tile_place(index, bytes)),
        _ => Place::Nothing,
    }
}

/// Bytes of a file of a level of tiles.
fn level_bytes(level: &str) -> Option<u64> {
    match level {
        "entries" => Some(ENTRY_BUNDLE_BYTES_MAX),
        level => (level.len() == 1 && level.as_bytes()[0].is_ascii_digit() && level < "8").then_some(TILE_BYTES_MAX),
    }
}

/// `x001/x234/067`, or `x001/x234/067.p/12` for a part of a tile.
fn tile_place(index: &[&str], bytes: u64) -> Place {
    let digits = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let group = |text: &&str| text.strip_prefix('x').is_some_and(digits);
    let partial = |text: &str| text.strip_suffix(".p").is_some_and(digits);
    let width = |text: &str| text.parse::<u64>().is_ok_and(|width| (1..tile::WIDTH).contains(&width) && width.to_string() == text);
    let groups = index.iter().take_while(|name| group(name)).count();
    match &index[groups..] {
        _ if groups > GROUPS_MAX => Place::Nothing,
        [] => Place::Folder,
        [last] if digits(last) => Place::File(bytes),
        [last] if partial(last) => Place::Folder,
        [last, count] if partial(last) && width(count) => Place::File(bytes),
        _ => Place::Nothing,
    }
}

fn refusal(code: &str, zh: String, en: String) -> Refusal {
    Refusal::new(
        Kind::Input,
        code,
        format!("拒绝导入，未写入任何内容：{zh}。请让对方办公点重新导出。"),
        format!("the stick is refused and nothing was stored: {en}; have the other office export it again"),
    )
}

fn unexpected(place: &str) -> Refusal {
    refusal("stick_name", format!("{place} 不是数据包中应有的文件"), format!("{place} is no file that a bundle has"))
}

fn wrong_kind(place: &str, kind: FileType) -> Refusal {
    let (zh, en) = if kind.is_dir() {
        ("是文件夹而不是文件", "is a folder where a file belongs")
    } else if kind.is_file() {
        ("是文件而不是文件夹", "is a file where a folder belongs")
    } else {
        ("既不是文件也不是文件夹", "is neither a file nor a folder")
    };
    refusal("stick_kind", format!("{place} {zh}"), format!("{place} {en}"))
}

/// The stick cannot be read any more.
fn gone(error: &io::Error) -> Refusal {
    let why = crate::text::io_error(error);
    Refusal::state(
        "stick_gone",
        format!("无法读取数据包：{}。已导入的内容已保存；请重新插入后再次导入。", why.zh),
        format!("the bundle cannot be read: {}; what was imported is kept: put the stick in again and import it once more", why.en),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_an_export_has_its_place_and_no_other_path_has() {
        let tiles = [tile::path(0, 1_234_067, 256), tile::path(7, 0, 1), tile::entries_path(5, 255), tile::entries_path(1_000, 256)];
        for origin in ["t.hz/province/1", "t.hz/office/44030001/1"] {
            for tile in &tiles {
                let path = format!("logs/{origin}/{tile}");
                let names: Vec<&str> = path.split('/').collect();
                assert!(matches!(place(&names), Place::File(_)), "{path}");
                for depth in 1..names.len() {
                    assert_eq!(place(&names[..depth]), Place::Folder, "{path} to {depth}");
                }
            }
        }
        let hash = "a5".repeat(32);
        assert_eq!(place(&["blobs", &hash]), Place::File(BLOB_BYTES_MAX));
        assert_eq!(place(&["forks", &hash]), Place::File(FORK_PROOF_BYTES_MAX as u64));
        let wrong = [
            "blobs/A5",
            "blobs/..",
            "logs/..",
            "logs/t.hz/office/44030001/1/../checkpoint",
            "logs/t.hz/office/44030001/01/checkpoint",
            "logs/T.hz",
            "logs/t.hz/elsewhere",
            "logs/t.hz/office/44030001/1/tile/8",
            "logs/t.hz/office/44030001/1/tile/0/1",
            "logs/t.hz/office/44030001/1/tile/0/000.p/256",
            "logs/t.hz/office/44030001/1/tile/0/000.p/01",
            "checkpoint",
            "keys",
            "logs/t.hz/office/44030001/1/tile/entries/x000/x000/x000/x000/x000/x000/x000/000",
            "readme.txt",
            "..\\..\\policy",
            "",
        ];
        for path in wrong {
            assert_eq!(place(&path.split('/').collect::<Vec<_>>()), Place::Nothing, "{path}");
        }
        assert_eq!(place(&["logs", ".DS_Store"]), Place::Left);
    }

    #[test]
    fn mend_58_what_operating_systems_leave_on_a_stick_refuses_none() {
        let left = [
            "System Volume Information",
            "SYSTEM VOLUME INFORMATION",
            ".Trash-1000",
            ".Trash-0",
            ".Trash",
            "$RECYCLE.BIN",
            "$Recycle.Bin",
            ".Spotlight-V100",
            ".fseventsd",
            "desktop.ini",
            "Desktop.ini",
            ".DS_Store",
            "._policy",
            "LOST.DIR",
            "FOUND.000",
            ".TemporaryItems",
        ];
        for name in left {
            assert_eq!(place(&[name]), Place::Left, "{name}");
        }
        for name in [".Trash-", ".Trash-root", ".Trash-1000x", "System Volume", "policy.exe"] {
            assert_eq!(place(&[name]), Place::Nothing, "{name}");
        }
    }
}
