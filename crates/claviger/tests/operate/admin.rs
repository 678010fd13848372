//! `health`, and an `admin` address that others reach.

use crate::fixture::{Instance, must_fail, must_succeed};

/// On b11ca39 there was no such command.
#[test]
fn health_tells_probes_how_the_server_is() {
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

/// b11ca39 took `admin` on the loopback interface only.
#[test]
fn admin_may_be_elsewhere_when_told_so() {
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
