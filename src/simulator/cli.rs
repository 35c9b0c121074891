//! `usher simulate`: starts the cluster, prints how to reach it, runs until interrupted or terminated.

use anyhow::Context;

use super::{BridgeAddress, Options, Simulator};

/// Runs a simulated cluster until ctrl-c or SIGTERM.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let ca_out = options.ca_out.clone();
    let simulator = super::start(options).await?;
    if let Some(pem) = simulator.ca_pem() {
        std::fs::write(&ca_out, pem).with_context(|| format!("cannot write the CA certificate to {}", ca_out.display()))?;
    }
    let ca_file = simulator.ca_pem().map(|_| ca_out.display().to_string());
    println!("{}", startup_message(&simulator, ca_file.as_deref()));
    wait_for_stop().await.context("cannot wait for a signal")?;
    simulator.stop().await;
    Ok(())
}

/// Waits for ctrl-c or for the SIGTERM that a container engine sends.
async fn wait_for_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}

/// Prints the password, which is random for this run; it is printed nowhere else.
fn startup_message(simulator: &Simulator, ca_file: Option<&str>) -> String {
    let mut text = format!(
        "A simulated CMS cluster of {} bridges is running. Press ctrl-c to stop it.\n\nControl API: {}\n",
        simulator.bridges().len(),
        simulator.control_url()
    );
    if let Some(file) = ca_file {
        text.push_str(&format!("CA certificate: {file}\n"));
    }
    text.push_str("\nFor usher.toml:\n");
    for bridge in simulator.bridges() {
        text.push_str(&config_block(bridge, ca_file));
    }
    text
}

fn config_block(bridge: &BridgeAddress, ca_file: Option<&str>) -> String {
    let BridgeAddress { name, url, username, password } = bridge;
    let mut text = format!("\n[[bridge]]\nname = {name:?}\nurl = {url:?}\nusername = {username:?}\npassword = {password:?}\n");
    if let Some(file) = ca_file {
        text.push_str(&format!("ca_file = {file:?}\n"));
    }
    text
}
