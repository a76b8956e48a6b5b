//! Puts the reviewed transcripts into the binary, so that a run can say whether the machine still shows what was reviewed.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("snapshots");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut found = Vec::new();
    for failure in entries(&root)? {
        println!("cargo::rerun-if-changed={}", failure.display());
        found.extend(entries(&failure)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "snap")));
    }
    let mut table = String::from("static REVIEWED: &[(&str, &str)] = &[\n");
    for file in found {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.strip_prefix(&root).expect("found below it").with_extension("");
        table += &format!("    ({:?}, include_str!({:?})),\n", name.display().to_string(), file.display().to_string());
    }
    table += "];\n";
    fs::write(Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("reviewed.rs"), table)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}
