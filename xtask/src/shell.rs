//! Where the project lies, how its tools are started, and how progress is printed.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The surroundings that every step needs.
pub(crate) struct Shell {
    /// Root of the working copy.
    pub(crate) root: PathBuf,
    /// No colours and no questions, because nobody sits in front of it.
    pub(crate) ci: bool,
    target: PathBuf,
}

impl Shell {
    /// Finds the working copy from the place of this crate's manifest.
    pub(crate) fn new(ci: bool) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies at the root of a disk")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        Ok(Self { root, ci, target })
    }

    /// A file in the working copy.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A file in cargo's target folder.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// The debug build of the program.
    pub(crate) fn huizhi(&self) -> PathBuf {
        self.target(&format!("debug/huizhi{}", env::consts::EXE_SUFFIX))
    }

    /// A program to be started in the working copy.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        if self.ci {
            command
                .env("CARGO_TERM_COLOR", "never")
                .env("CARGO_TERM_PROGRESS_WHEN", "never")
                .env("NO_COLOR", "1")
                .env("CI", "1")
                .stdin(Stdio::null());
        }
        command
    }

    /// The cargo that started this program, so that both use one toolchain.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }

    /// npm, in the UI's folder.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(if cfg!(windows) { "npm.cmd" } else { "npm" });
        command.args(arguments).current_dir(self.path("web-ui"));
        command
    }

    /// Prints a heading.
    pub(crate) fn heading(&self, text: &str) {
        if self.ci {
            println!("\n== {text}");
        } else {
            println!("\n\u{1b}[1m== {text}\u{1b}[0m");
        }
    }
}

/// Runs to the end with the terminal shared; anything but success is an error that names the command.
pub(crate) fn check(command: &mut Command) -> Result<(), String> {
    let line = describe(command);
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// Runs to the end and returns what it wrote; its complaints stay visible.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let line = describe(command);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("`{line}` failed ({})", output.status)) }
}

/// Whether a command can be started and succeeds; nothing is shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let mut line = Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args().take(8) {
        let argument = argument.to_string_lossy();
        line.push(' ');
        line.extend(argument.chars().take(60));
    }
    line
}
