//! The program `huizhi`: parses its arguments and says how it went.

use clap::Parser;
use node::cli::{self, Cli};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::start_logging(&cli);
    match cli::run(cli) {
        Ok(code) => code,
        Err(error) => {
            cli::print_error(&error);
            ExitCode::from(1)
        }
    }
}
