//! Runs the command `usher` beside a running desk.

use std::process::Command;

use super::desk::Desk;
use super::in_time;

/// Runs `usher cdr ...` for the bridges of a running desk; returns its output.
pub async fn run_cdr_command(desk: &Desk, arguments: &str) -> String {
    let mut text = format!("listen = \"127.0.0.1:0\"\ndata_dir = {:?}\n[cdr]\nurl = \"http://{}\"\n", desk.dir.path(), desk.app.address);
    for bridge in desk.sim.bridges() {
        text.push_str(&format!(
            "[[bridge]]\nname = {:?}\nurl = {:?}\nusername = {:?}\npassword = {:?}\ncdr = \"receive\"\n",
            bridge.name, bridge.url, bridge.username, bridge.password
        ));
    }
    let file = desk.dir.path().join("usher.toml");
    std::fs::write(&file, text).expect("written");
    let words: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    let run = move || Command::new(env!("CARGO_BIN_EXE_usher")).args(words).arg("--config").arg(file).output();
    let output = in_time("the end of the command", tokio::task::spawn_blocking(run)).await.expect("run").expect("run");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
