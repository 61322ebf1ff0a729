//! System packages. Installing them changes the machine, so it is done only where that is for nothing else: as root in a
//! container or on a machine of continuous integration. Anywhere else it is said what to install.

use crate::run::{Steps, says};
use crate::tools::Tools;
use anyhow::{Context, Result, ensure};

/// Files that container programs put into every container.
const FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
/// Variables that are set in a container, or on a machine of continuous integration.
const VARIABLES: [&str; 3] = ["container", "KUBERNETES_SERVICE_HOST", "CI"];
/// What the control groups of a container are called after.
const GROUPS: [&str; 5] = ["docker", "kubepods", "containerd", "libpod", "lxc"];

/// Installs Debian's packages by apt-get where that is allowed, and says so first.
///
/// # Errors
/// Says what to install where it is not allowed; what apt-get ended with.
pub fn install(tools: &Tools, steps: &Steps, packages: &[&str]) -> Result<()> {
    let by_hand =
        format!("install {} (on Debian: sudo apt-get install {})", packages.join(" and "), packages.join(" "));
    let is_root = || says(&tools.cmd("id", ["-u"])).as_deref() == Some("0");
    let sign = if tools.has("apt-get") && is_root() { here() } else { None };
    let sign = sign.with_context(|| by_hand.clone())?;
    steps.note(&format!("apt-get installs {}: this is root in a container or the like ({sign})", packages.join(", ")));
    let apt_get = |arguments: &[&str]| {
        let all = ["-qq"].iter().chain(arguments).copied();
        tools.cmd("apt-get", all).env("DEBIAN_FRONTEND", "noninteractive").run()
    };
    // An old list of packages is better than none, where no newer one can be had.
    let _ = apt_get(&["update"]);
    let install = ["install", "-y", "--no-install-recommends"];
    apt_get(&[&install, packages].concat()).with_context(|| by_hand)?;
    Ok(())
}

/// What this machine is recognised by as a container, or as one of continuous integration; nothing if it is neither.
fn here() -> Option<String> {
    let groups = fs_err::read_to_string("/proc/1/cgroup").unwrap_or_default();
    sign(|file| std::path::Path::new(file).exists(), |name| std::env::var(name).ok(), &groups)
}

fn sign(exists: impl Fn(&str) -> bool, variable: impl Fn(&str) -> Option<String>, groups: &str) -> Option<String> {
    let file = FILES.iter().find(|file| exists(file)).map(|file| (*file).to_owned());
    let is_set = |name: &&&str| variable(name).is_some_and(|value| !matches!(&*value, "" | "0" | "false"));
    let variable = || VARIABLES.iter().find(is_set).map(|name| format!("the variable {name} is set"));
    let group = || GROUPS.iter().find(|name| groups.contains(**name)).map(|name| format!("/proc/1/cgroup: {name}"));
    file.or_else(variable).or_else(group)
}

/// Makes sure that Node.js and npm are there.
///
/// # Errors
/// Says what to install.
pub fn node(tools: &Tools, steps: &Steps) -> Result<()> {
    if tools.has("node") && tools.has("npm") {
        return Ok(());
    }
    install(tools, steps, &["nodejs", "npm"]).context("Node.js and npm are needed")?;
    ensure!(tools.has("node") && tools.has("npm"), "Node.js and npm are installed, but not in PATH");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_told_from_somebodys_machine() {
        let no_file = |_: &str| false;
        let no_variable = |_: &str| None;
        let only =
            |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
        let usual = "0::/init.scope\n";
        assert_eq!(sign(no_file, no_variable, usual), None);
        assert_eq!(sign(no_file, only("CI", "false"), usual), None);
        assert_eq!(sign(no_file, only("HOME", "/root"), usual), None);
        for file in FILES {
            assert_eq!(sign(|asked| asked == file, no_variable, "").as_deref(), Some(file));
        }
        for name in VARIABLES {
            assert!(sign(no_file, only(name, "true"), usual).is_some_and(|sign| sign.contains(name)), "{name}");
        }
        for groups in ["12:pids:/docker/0a1b\n", "0::/kubepods.slice/pod1\n", "1:name=systemd:/lxc/one\n"] {
            assert!(sign(no_file, no_variable, groups).is_some(), "{groups}");
        }
    }
}
