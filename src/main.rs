//! The program: reads the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    usher::cli::Cli::parse().run()
}
