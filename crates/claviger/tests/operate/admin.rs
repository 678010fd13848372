//! `health`, and an `admin` address that other hosts can reach.

use crate::fixture::{Instance, must_fail, must_succeed};

/// Commit b11ca39 had no such command.
#[test]
fn health_reports_the_state_to_probes() {
    let instance = Instance::made();
    let admin = instance.on_loopback();
    must_fail(&instance.run(&["health", "--admin", &admin]), "no answer from");
    let server = instance.serve();
    assert_eq!(must_succeed(&instance.run(&["health", "--admin", &admin])), "ready\n");
    assert_eq!(must_succeed(&instance.run(&["health", "--config", "claviger.toml"])), "ready\n");
    assert_eq!(must_succeed(&instance.run(&["health", "--live", "--admin", &format!("http://{admin}")])), "ok\n");
    drop(server);
    must_fail(&instance.run(&["health", "--config", "claviger.toml"]), "no answer from");
}

/// Commit b11ca39 accepted `admin` on the loopback interface only.
#[test]
fn admin_may_leave_the_loopback_interface_if_configured() {
    let instance = Instance::made();
    let admin = instance.on_loopback();
    let port = admin.rsplit(':').next().unwrap().to_owned();
    instance.edit(&admin, &format!("0.0.0.0:{port}"));
    must_fail(&instance.refused_start(), "admin_allow_remote = true");
    instance.edit("# admin_allow_remote = false", "admin_allow_remote = true");
    let _server = instance.serve();
    assert_eq!(must_succeed(&instance.run(&["health", "--config", "claviger.toml"])), "ready\n");
    assert_eq!(must_succeed(&instance.run(&["health", "--live", "--config", "claviger.toml"])), "ok\n");
}
