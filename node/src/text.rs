//! A sentence in both languages of the product.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sentence in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

impl From<photo::Text> for Text {
    fn from(text: photo::Text) -> Self {
        Self { zh: text.zh, en: text.en }
    }
}

impl From<&specs::Name> for Text {
    fn from(name: &specs::Name) -> Self {
        Self { zh: name.zh.clone(), en: name.en.clone() }
    }
}

/// What the operating system said, in the program's own words. Its own text is English only and stands in a Chinese sentence otherwise.
pub fn io_error(error: &std::io::Error) -> Text {
    use std::io::ErrorKind as Kind;
    let (zh, en) = match error.kind() {
        Kind::NotFound => ("找不到该文件或目录", "there is no such file or folder"),
        Kind::PermissionDenied => ("没有权限，请检查文件和目录的权限", "permission was denied; check who may read and write there"),
        Kind::StorageFull | Kind::QuotaExceeded => ("磁盘已满，请腾出空间", "the disk is full; free some space"),
        Kind::ReadOnlyFilesystem => ("磁盘是只读的，请检查磁盘", "the disk is read-only; check it"),
        Kind::AlreadyExists => ("已存在同名文件", "a file of this name is there already"),
        Kind::NotADirectory => ("该路径不是目录", "this is no folder"),
        Kind::IsADirectory => ("该路径是目录，不是文件", "this is a folder and no file"),
        Kind::FileTooLarge => ("文件过大", "the file is too large"),
        Kind::InvalidFilename => ("文件名无效或过长", "the file's name is too long or not allowed"),
        Kind::AddrInUse => ("端口已被占用", "the address is in use already"),
        Kind::AddrNotAvailable => ("本机没有这个地址", "this machine has no such address"),
        Kind::ConnectionRefused | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::NotConnected | Kind::BrokenPipe => {
            ("连接被拒绝或已断开", "the connection was refused or closed")
        }
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => ("网络不通", "the network cannot be reached"),
        Kind::TimedOut => ("等待超时", "it took too long"),
        Kind::UnexpectedEof => ("文件不完整", "the file ends too early"),
        Kind::InvalidData => ("内容损坏", "its content is damaged"),
        Kind::OutOfMemory => ("内存不足", "there is not enough memory"),
        Kind::Interrupted => ("操作被中断，请重试", "it was interrupted; try again"),
        Kind::ResourceBusy | Kind::ExecutableFileBusy => ("正被其他程序占用", "another program is using it"),
        _ if error.raw_os_error() == Some(5) => {
            ("磁盘读写出错，请检查磁盘和连接线", "the disk failed to read or write; check the disk and its cable")
        }
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => {
            ("打开的文件过多，请重新启动本程序", "too many files are open; start the program again")
        }
        _ => {
            let number = error.raw_os_error().map_or_else(String::new, |number| format!(" {number}"));
            return Text::new(format!("系统错误{number}，详情见日志"), format!("the system reported error{number}; the log says more"));
        }
    };
    Text::new(zh, en)
}
