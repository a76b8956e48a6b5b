//! `lastchunk man` and `lastchunk completions`: made from the same words as the helps.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::complaint::Complaint;
use super::selection::quoted;
use super::{Cli, Exit, output};

const HELP_OF_MAN: &str = "\
Examples:
  lastchunk man | man -l -
      read it
  lastchunk man probe | man -l -
      read that of one command
  lastchunk man ~/.local/share/man/man1
      lastchunk.1, lastchunk-explain.1 and so on";

/// The manual.
#[derive(Debug, Args)]
#[command(after_help = HELP_OF_MAN)]
pub struct Man {
    /// Where to write a page for each command, or a command, whose page goes to standard output; without it the page of all does
    #[arg(value_name = "FOLDER|COMMAND")]
    folder: Option<PathBuf>,
}

const HELP_OF_COMPLETIONS: &str = "\
Examples:
  lastchunk completions bash \\
      > ~/.local/share/bash-completion/completions/lastchunk
  lastchunk completions zsh > \"${fpath[1]}/_lastchunk\"
  lastchunk completions fish > ~/.config/fish/completions/lastchunk.fish";

/// Completions.
#[derive(Debug, Args)]
#[command(after_help = HELP_OF_COMPLETIONS)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Man {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let mut all = Cli::command();
        all.build();
        // A folder of such a name is written to as ./probe.
        let one = self.folder.as_deref().and_then(|name| all.find_subcommand(name));
        if one.is_some_and(|one| one.get_name() == "help") {
            return Err(Complaint::new(
                "help has no page: lastchunk man is that of all; a folder of that name is ./help",
            ));
        }
        match (&self.folder, one) {
            (Some(folder), None) => {
                let name = quoted(&folder.to_string_lossy());
                let cannot = |error| Complaint::new(format!("cannot write the manual to {name}: {error}"));
                std::fs::create_dir_all(folder).map_err(cannot)?;
                clap_mangen::generate_to(Cli::command(), folder).map_err(cannot)?;
            }
            (_, one) => {
                let mut page = Vec::new();
                let command = one.map_or_else(Cli::command, Clone::clone);
                let title = command.get_display_name().unwrap_or("lastchunk").to_owned();
                clap_mangen::Man::new(command).title(title).render(&mut page)?;
                let mut out = output::text();
                out.write_all(&page)?;
                out.flush()?;
            }
        }
        Ok(Exit::AsClaimed)
    }
}

impl Completions {
    pub fn answer(&self) -> Result<Exit, Complaint> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "lastchunk", &mut script);
        let mut out = output::text();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Exit::AsClaimed)
    }
}
