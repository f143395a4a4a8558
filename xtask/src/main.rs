//! The two commands of the project, `cargo xtask run` and `cargo xtask test`, and the steps they are made of.
//!
//! Standard library only, and no crate of the workspace: it must start in a second on a machine that has built nothing yet.
#![allow(clippy::print_stdout, reason = "a command line tool talks to a terminal")]

mod crash;
mod fuzz;
mod mutants;
mod report;
mod run;
mod setup;
mod shell;
mod sim;
mod stamp;
mod test;
mod tidy;
mod types;

use std::process::ExitCode;

use shell::Shell;

const USAGE: &str = "\
cargo xtask <command>

  run [--reset] [--in DIR] …    prepare the machine, build, start the demo federation (arguments go to `huizhi demo`)
  test [--ci] [--keep-going] [--data DIR]
                                prepare the machine, then every check: format, tidy, lints, tests, types, UI, browser
  setup [--ci]                  only prepare: Debian packages, UI packages, UI build, model weights
  report photo [--quick] …      measure the photo engine and write target/report/photo.html
                                (--models DIR: with the models of that folder)
  crash [--rounds N] [--seed S] kill a working office with -9 at random, N times (1,000 unless told), and hold what is left against
                                what was acknowledged
  sim [--seeds N] [--offices M] [--seed S] …
                                run simulated federations over networks, clocks and disks that fail, with liars among them (200 seeds of
                                5 to 8 offices unless told; --measure: how fast what is published arrives)
  mutants [--since COMMIT] [--shard K/N] [--package NAME] [--list]
                                change the rules of protocol, specs and photo in small ways, and fail where the tests notice fewer than 85 %
                                (--since: only in lines changed since that commit; --list: only name the changes)
  fuzz [--seconds N] [TARGET …] throw made-up bytes at what reads foreign bytes: note, wire, package, proof, decode (all, 600 s each)
  tidy                          only the architecture checks
  gen                           write the OpenAPI document and the UI's types again
";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = if arguments.is_empty() { String::new() } else { arguments.remove(0) };
    match dispatch(&command, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, mut arguments: Vec<String>) -> Result<(), String> {
    if command == "run" {
        return run::run(&Shell::new(false)?, &arguments);
    }
    if command == "sim" {
        return sim::sim(&Shell::new(false)?, &arguments);
    }
    if command == "report" {
        return match arguments.split_first() {
            Some((what, rest)) if what == "photo" => report::photo(&Shell::new(false)?, rest),
            _ => Err(format!("`report` knows `photo` only\n\n{USAGE}")),
        };
    }
    if command == "crash" {
        let rounds = take_value(&mut arguments, "--rounds")?;
        let seed = take_value(&mut arguments, "--seed")?;
        if let Some(unknown) = arguments.first() {
            return Err(format!("`crash` does not know `{unknown}`\n\n{USAGE}"));
        }
        return crash::crash(&Shell::new(false)?, rounds.as_deref(), seed.as_deref());
    }
    if command == "mutants" {
        return mutants(arguments);
    }
    if command == "fuzz" {
        let seconds = take_value(&mut arguments, "--seconds")?;
        return fuzz::fuzz(&Shell::new(false)?, seconds.as_deref(), &arguments);
    }
    let ci = take_flag(&mut arguments, "--ci");
    let data = take_value(&mut arguments, "--data")?;
    let keep_going = command == "test" && take_flag(&mut arguments, "--keep-going");
    if let Some(unknown) = arguments.first() {
        return Err(format!("`{command}` does not know `{unknown}`\n\n{USAGE}"));
    }
    let shell = Shell::new(ci)?;
    match command {
        "test" => test::test(&shell, keep_going, data.as_deref()),
        "setup" => setup::setup(&shell, setup::Purpose::Test),
        "tidy" => tidy::tidy(&shell),
        "gen" => types::write(&shell),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no command `{other}`\n\n{USAGE}")),
    }
}

fn mutants(mut arguments: Vec<String>) -> Result<(), String> {
    let wanted = mutants::Wanted {
        since: take_value(&mut arguments, "--since")?,
        shard: take_value(&mut arguments, "--shard")?,
        package: take_value(&mut arguments, "--package")?,
        list: take_flag(&mut arguments, "--list"),
    };
    if let Some(unknown) = arguments.first() {
        return Err(format!("`mutants` does not know `{unknown}`\n\n{USAGE}"));
    }
    mutants::mutants(&Shell::new(false)?, &wanted)
}

/// Removes a flag from the arguments and tells whether it was there.
fn take_value(arguments: &mut Vec<String>, flag: &str) -> Result<Option<String>, String> {
    let Some(at) = arguments.iter().position(|argument| argument == flag) else { return Ok(None) };
    let _ = arguments.remove(at);
    if at < arguments.len() { Ok(Some(arguments.remove(at))) } else { Err(format!("{flag} needs a value")) }
}

fn take_flag(arguments: &mut Vec<String>, flag: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != flag);
    arguments.len() < before
}
