//! What the disk refused, in words for the people at a page: what happened and what to do, in both languages.

use super::{BlobError, StoreError};
use crate::text::{Text, io_error};

impl StoreError {
    /// What happened and what to do. What only the log explains is there, in English.
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Io(error) => {
                let why = io_error(error);
                return Text::new(format!("文件无法读写：{}", why.zh), format!("a file cannot be read or written: {}", why.en));
            }
            Self::InUse => ("数据库正被另一个 huizhi 程序使用", "the database is in use by another huizhi process"),
            Self::Stopped => {
                ("磁盘刚刚拒绝过写入，数据库尚未重新打开", "the disk refused an earlier write; the database is not opened again yet")
            }
            Self::Newer(_) => ("数据库由更新的版本写成，请安装新版本", "the database was written by a newer version: install it"),
            Self::Older(_) => (
                "数据库由首次发布前的版本写成，请使用空目录",
                "the database is of a time before the first release: begin with an empty directory",
            ),
            Self::Damaged(_) => (
                "本机数据库已损坏。请保留整个目录，用最近的备份恢复到新目录（huizhi --dir 新目录 restore --from 备份）",
                "the database is damaged here: keep the whole folder, and bring the newest backup into a new one (huizhi --dir NEW restore --from BACKUP)",
            ),
            Self::Exposed(..) => (
                "本机其他用户可以读取数据目录，且权限无法修改。请由所有者运行 chmod -R go-rwx",
                "others on this machine can read the data directory, and its mode cannot be changed: run `chmod -R go-rwx` on it as its owner",
            ),
            Self::NotNext { .. } => ("日志已有新记录，请重试", "the log has grown meanwhile; try again"),
            Self::Database(_) | Self::Corrupt(_) => (
                "本机数据读取异常，详情见日志。请重试；如再次出现，请运行 huizhi doctor 并联系管理员",
                "what is stored here cannot be read; the log says more. Try again; if it comes again, run `huizhi doctor` and call the administrator",
            ),
        };
        Text::new(zh, en)
    }
}

impl BlobError {
    /// What happened and what to do.
    pub fn text(&self) -> Text {
        let (zh, en) = match self {
            Self::Io(error) => {
                let why = io_error(error);
                return Text::new(format!("照片文件无法读写：{}", why.zh), format!("a photo file cannot be read or written: {}", why.en));
            }
            Self::TooLarge(_) => ("文件超过上限", "the file is larger than it may be"),
            Self::WrongHash(_) | Self::Lie(_) => {
                ("照片文件与其名称不符，可能已损坏", "a photo file is not what its name says; it may be damaged")
            }
        };
        Text::new(zh, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Refusal;
    use std::io;

    fn has_english_in_chinese(text: &str) -> bool {
        let words = text.split(|character: char| !character.is_ascii_alphabetic()).filter(|word| word.len() > 2);
        words.clone().any(|word| {
            ["the", "file", "error", "device", "system", "denied", "directory", "such", "database"].contains(&word.to_lowercase().as_str())
        })
    }

    #[test]
    fn mend_57_what_the_system_says_is_said_in_the_programs_own_words() {
        // ENOENT, EIO, EACCES, ENOSPC, EROFS, EMFILE, EDQUOT, EISDIR, ENOTDIR, ENAMETOOLONG, ETIMEDOUT, ENODEV, ESTALE.
        for number in [2, 5, 13, 28, 30, 24, 122, 21, 20, 36, 110, 19, 116] {
            let error = || io::Error::from_raw_os_error(number);
            let store = StoreError::Io(error());
            let refusals = [Refusal::from(StoreError::Io(error())), Refusal::from(BlobError::Io(error())), Refusal::fault(error())];
            let texts = [io_error(&error()), store.text(), BlobError::Io(error()).text()];
            assert!(refusals[2].text.zh.contains(&texts[0].zh), "the reason is said, and not only that there is one");
            for text in texts.into_iter().chain(refusals.into_iter().map(|refusal| refusal.text)) {
                assert!(!has_english_in_chinese(&text.zh), "{number}: {}", text.zh);
                assert!(!text.en.contains("os error") && !text.zh.contains("os error"), "{number}: {text:?}");
            }
        }
        for error in [StoreError::Stopped, StoreError::Database("x".into()), StoreError::Corrupt("bad".into()), StoreError::InUse] {
            assert!(!has_english_in_chinese(&Refusal::from(error).text.zh));
        }
        let named = io::Error::new(io::ErrorKind::StorageFull, "/data/store.redb: No space left on device");
        assert!(io_error(&named).zh.contains("磁盘已满"), "also where the path was put before it");
    }
}
