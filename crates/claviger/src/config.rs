//! `claviger.toml`: read by `claviger serve`; `claviger init` writes the first version.

mod addresses;
mod limits;
mod pairs;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use claviger_server::Options;
use claviger_service::{ArnAccounts, PairConcurrency, UsePolicy, is_account};
use serde::Deserialize;

use crate::failure::Failure;
pub(crate) use addresses::{admin_address, besides_localhost, listen_address};
pub(crate) use pairs::{PairSettings, parse_size};

/// Default limit of simultaneous connections.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The content of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: PathBuf,
    root_key_file: PathBuf,
    #[serde(deserialize_with = "addresses::listen")]
    listen: SocketAddr,
    #[serde(deserialize_with = "addresses::admin")]
    admin: SocketAddr,
    #[serde(default)]
    admin_allow_remote: bool,
    #[serde(default)]
    hostnames: Vec<String>,
    #[serde(default)]
    data_key_pair_concurrency: Concurrency,
    #[serde(default)]
    deny_basic_operations_on_rotating_keys: bool,
    #[serde(default)]
    deny_caller_supplied_iv: bool,
    #[serde(default)]
    arn_accounts: Vec<String>,
    http2: Option<bool>,
    connections_max: Option<i64>,
    connections_per_source: Option<i64>,
    audit_segment_bytes: Option<i64>,
    #[serde(default)]
    stock: BTreeMap<String, i64>,
    stock_cores: Option<f64>,
    stock_max_age: Option<String>,
    engine: Option<String>,
    #[serde(default)]
    extended_key_pair_specs: bool,
}

/// A number, or `"unlimited"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Concurrency {
    Number(i64),
    Word(String),
}

impl Default for Concurrency {
    fn default() -> Self {
        Self::Number(1)
    }
}

/// Reads a configuration file.
pub(crate) fn read(path: &Path) -> Result<Options, Failure> {
    let refuse = |reason: String| Failure::Config { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "run as the user who owns it".to_owned(),
            std::io::ErrorKind::IsADirectory => {
                format!("give the file, for example --config {}", path.join("claviger.toml").display())
            }
            _ => "`claviger init` writes one".to_owned(),
        };
        refuse(format!("cannot be read: {error}; {hint}"))
    })?;
    // Anyone who can change the file chooses the root key, and where new credentials are written.
    claviger_vault::check_trusted(path).and_then(|()| claviger_vault::check_above(path)).map_err(Failure::Untrusted)?;
    let file: File = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let concurrency = match file.data_key_pair_concurrency {
        Concurrency::Number(limit) => limit.to_string(),
        Concurrency::Word(word) => word,
    };
    if let Some(wrong) = file.arn_accounts.iter().find(|account| !is_account(account)) {
        return Err(refuse(format!("arn_accounts must list account numbers, decimal digits as texts, not {wrong:?}")));
    }
    let pairs = PairSettings {
        stock: file.stock.into_iter().collect(),
        stock_cores: file.stock_cores,
        stock_max_age: file.stock_max_age,
        engine: file.engine,
        extended_key_pair_specs: file.extended_key_pair_specs,
    };
    let connections_max = limits::CONNECTIONS.check_or(file.connections_max, CONNECTIONS_MAX).map_err(refuse)?;
    let per_source = limits::CONNECTIONS_PER_SOURCE.check_or(file.connections_per_source, per_source(connections_max));
    let connections_per_source = per_source.map_err(refuse)?;
    Ok(Options {
        data_dir: file.data_dir,
        root_key_file: file.root_key_file,
        listen: file.listen,
        admin: file.admin,
        admin_allow_remote: file.admin_allow_remote,
        hostnames: besides_localhost(file.hostnames),
        pair_concurrency: parse_concurrency(&concurrency).map_err(refuse)?,
        keygen: pairs.apply_to(claviger_keygen::Config::default()).map_err(refuse)?,
        use_policy: UsePolicy {
            deny_basic_operations_on_rotating_keys: file.deny_basic_operations_on_rotating_keys,
            deny_caller_supplied_iv: file.deny_caller_supplied_iv,
        },
        arn_accounts: ArnAccounts::These(file.arn_accounts),
        offers_http2: file.http2.unwrap_or(true),
        connections_max,
        connections_per_source,
        audit_segment_bytes: limits::SEGMENT_BYTES.check_or(file.audit_segment_bytes, SEGMENT_BYTES).map_err(refuse)?,
        is_dev: false,
    })
}

/// Default share of one source: half, so that no single address can take everything.
pub(crate) const fn per_source(connections_max: usize) -> usize {
    connections_max.div_ceil(2)
}

/// `unlimited` or a number.
pub(crate) fn parse_concurrency(text: &str) -> Result<PairConcurrency, String> {
    if text == "unlimited" {
        return Ok(PairConcurrency::Unlimited);
    }
    let range = limits::PAIR_CONCURRENCY;
    let refused =
        || format!("{} must be a number from {} to {} or \"unlimited\", not {text}", range.name, range.min, range.max);
    text.parse().ok().and_then(|limit| range.check(limit).ok()).map(PairConcurrency::AtMost).ok_or_else(refused)
}

/// The first version of a configuration for these paths.
pub(crate) fn template(data_dir: &Path, root_key_file: &Path, hostnames: &[String]) -> String {
    format!(
        "# Claviger. All settings with their defaults; uncomment what you change.\n\
         data_dir = {:?}\n\
         # The root key opens everything: keep it apart from the data and its backups, readable by this user only.\n\
         root_key_file = {:?}\n\
         listen = \"0.0.0.0:8443\"\n\
         # Health, readiness and metrics, without authentication: loopback only.\n\
         admin = \"127.0.0.1:8444\"\n\
         # Set this to let other hosts reach metrics and health at another `admin` address. There is no authentication.\n\
         # admin_allow_remote = false\n\
         # Names and addresses by which clients reach this server, besides localhost, for the certificate issued at every start.\n\
         hostnames = {:?}\n\
         # One data key pair request at a time, as Alibaba Cloud KMS does; or a number, or \"unlimited\".\n\
         data_key_pair_concurrency = 1\n\
         {}\
         # Encrypt, GenerateDataKey and the basic pair operations always use a key's first version: rotation does not affect\n\
         # them. Refuse them on keys that rotate:\n\
         deny_basic_operations_on_rotating_keys = false\n\
         # Refuse an Iv chosen by the caller: a repeated one breaks AES-GCM for everything under the key.\n\
         deny_caller_supplied_iv = false\n\
         # Accounts, besides its own, whose key and alias ARNs are accepted for keys of this instance; for migrations.\n\
         # arn_accounts = [\"1234567890123456\"]\n\
         # HTTP/2 in addition to HTTP/1.1. Its library keeps parts of answers in memory that is not wiped (docs/security.md).\n\
         http2 = true\n\
         # connections_max = {CONNECTIONS_MAX}\n\
         # Of these from one IPv4 address, or one IPv6 network of 64 bits; half of connections_max by default. Behind a balancer,\n\
         # from which all connections come, set it to connections_max.\n\
         # connections_per_source = {}\n\
         # audit_segment_bytes = {SEGMENT_BYTES}\n",
        data_dir.display().to_string(),
        root_key_file.display().to_string(),
        hostnames,
        pairs::template(),
        per_source(CONNECTIONS_MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claviger.toml");
        fs::write(
            &path,
            template(Path::new("/var/lib/claviger"), Path::new("/etc/claviger/root.key"), &["kms.local".to_owned()]),
        )
        .unwrap();
        let options = read(&path).unwrap();
        assert_eq!(options.pair_concurrency, PairConcurrency::AtMost(1));
        assert_eq!(options.use_policy, UsePolicy::default());
        assert_eq!(options.hostnames, ["kms.local"]);
        assert_eq!(options.arn_accounts, ArnAccounts::default());
        let text = fs::read_to_string(&path).unwrap().replace("# arn_accounts", "arn_accounts");
        fs::write(&path, text).unwrap();
        let named = ArnAccounts::These(vec!["1234567890123456".to_owned()]);
        assert_eq!(read(&path).unwrap().arn_accounts, named);
        assert_eq!(options.root_key_file, Path::new("/etc/claviger/root.key"));
        assert_eq!(options.connections_per_source, CONNECTIONS_MAX / 2);
    }

    #[test]
    fn the_stock_is_a_table_of_its_own_or_inline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claviger.toml");
        let text = template(Path::new("/d"), Path::new("/r"), &[]);
        let uncommented = text.replace("# stock", "stock").replace("# engine", "engine");
        fs::write(&path, &uncommented).unwrap();
        assert_eq!(read(&path).unwrap().keygen, claviger_keygen::Config::default(), "{uncommented}");
        fs::write(&path, format!("{text}[stock]\nRSA_4096 = 7\n")).unwrap();
        assert_eq!(read(&path).unwrap().keygen.stock.rsa_4096, 7);
        assert!(!read(&path).unwrap().keygen.extended_specs);
        fs::write(&path, text.replace("# extended_key_pair_specs = false", "extended_key_pair_specs = true")).unwrap();
        assert!(read(&path).unwrap().keygen.extended_specs);
    }

    #[test]
    fn unknown_settings_and_wrong_values_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claviger.toml");
        let good = template(Path::new("/d"), Path::new("/r"), &[]);
        for bad in [
            "concurrency = 3\n",
            "stock = 5\n",
            "stock = { EC_P256 = 5 }\n",
            "stock = { RSA_2048 = -5 }\n",
            "stock_cores = 0\n",
            "stock_max_age = 5\n",
            "engine = \"none\"\n",
            "extended_key_pair_specs = 1\n",
            "extended_key_pair_specs = \"ML_DSA_44\"\n",
            "connections_per_source = 0\n",
            "arn_accounts = \"1234567890123456\"\n",
            "arn_accounts = [\"zzz\"]\n",
            "arn_accounts = [\"\"]\n",
            "arn_accounts = [1234567890123456]\n",
            "data_key_pair_concurrency = 0\n",
            "data_key_pair_concurrency = \"many\"\n",
        ] {
            let without = good.replace("data_key_pair_concurrency = 1\n", "");
            fs::write(&path, format!("{without}{bad}")).unwrap();
            assert!(read(&path).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_refused_by_name_with_the_range() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claviger.toml");
        let good = template(Path::new("/d"), Path::new("/r"), &[]);
        for (bad, words) in [
            ("connections_max = 0", "connections_max must be a number from 16 to 1000000, not 0"),
            ("connections_max = -1", "connections_max must be a number from 16 to 1000000, not -1"),
            ("connections_max = 1000001", "connections_max must be"),
            ("audit_segment_bytes = 1", "audit_segment_bytes must be a number from 65536 to 4294967296, not 1"),
            ("audit_segment_bytes = 4294967297", "audit_segment_bytes must be"),
        ] {
            fs::write(&path, format!("{good}{bad}\n")).unwrap();
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains(words), "{bad}: {refused}");
        }
        fs::write(&path, format!("{good}connections_max = 16\naudit_segment_bytes = 65536\n")).unwrap();
        let options = read(&path).unwrap();
        assert_eq!((options.connections_max, options.audit_segment_bytes), (16, 65536));
    }

    #[test]
    fn a_configuration_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("claviger.toml");
        fs::write(&path, template(Path::new("/d"), Path::new("/r"), &[])).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let refused = read(&path).unwrap_err().to_string();
        assert!(refused.contains(&format!("chmod go-w {}", path.display())), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).is_ok());
    }
}
