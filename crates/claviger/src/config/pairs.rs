//! The settings of pair generation: `stock`, `stock_cores`, `stock_max_age`, `engine`, `extended_key_pair_specs`.

use std::time::Duration;

use claviger_base::duration;
use claviger_keygen::{Config, EngineKind, PairSpec, StockSizes};

use super::limits::{STOCK_AGE, STOCK_CORES_MIN, STOCK_MAX};

/// The settings that were given; all others keep their defaults.
#[derive(Debug, Default)]
pub(crate) struct PairSettings {
    /// Stock sizes by spec.
    pub(crate) stock: Vec<(String, i64)>,
    pub(crate) stock_cores: Option<f64>,
    pub(crate) stock_max_age: Option<String>,
    pub(crate) engine: Option<String>,
    pub(crate) extended_key_pair_specs: bool,
}

impl PairSettings {
    /// `defaults` with these settings.
    pub(crate) fn apply_to(&self, defaults: Config) -> Result<Config, String> {
        let mut config = defaults;
        for (spec, size) in &self.stock {
            let place = PairSpec::parse(spec).and_then(|spec| config.stock.get_mut(spec)).ok_or_else(|| {
                format!("stock takes RSA_2048, RSA_3072 and RSA_4096, not {spec}: other pairs are generated on request")
            })?;
            *place = usize::try_from(*size)
                .ok()
                .filter(|size| *size <= STOCK_MAX)
                .ok_or_else(|| format!("stock.{spec} must be a number from 0 (none) to {STOCK_MAX}, not {size}"))?;
        }
        if let Some(cores) = self.stock_cores {
            let most = config.threads.get() as f64;
            if !(STOCK_CORES_MIN..=most).contains(&cores) {
                return Err(format!(
                    "stock_cores must be from {STOCK_CORES_MIN} to {most}, the cores of this machine, not {cores}; \
                     to make no stock set every size in stock to 0"
                ));
            }
            config.stock_cores = cores;
        }
        if let Some(age) = &self.stock_max_age {
            config.stock_max_age = parse_age(age)
                .ok_or_else(|| format!("stock_max_age must be from \"1m\" to \"30d\", in d, h, m or s, not {age:?}"))?;
        }
        if let Some(engine) = &self.engine {
            config.engine = EngineKind::parse(engine).ok_or_else(|| {
                let names = EngineKind::ALL.map(|kind| format!("\"{kind}\"")).join(", ");
                format!("engine must be one of {names}, not {engine:?}")
            })?;
        }
        config.extended_specs = self.extended_key_pair_specs;
        Ok(config)
    }
}

/// Parses an age such as `24h`; `None` if it is malformed or out of range.
fn parse_age(text: &str) -> Option<Duration> {
    duration::parse_s(text).map(Duration::from_secs).filter(|age| STOCK_AGE.contains(age))
}

/// Parses `SPEC=N` as given to a flag.
pub(crate) fn parse_size(text: &str) -> Result<(String, i64), String> {
    let parsed = text.split_once('=').and_then(|(spec, size)| Some((spec.to_owned(), size.parse().ok()?)));
    parsed.ok_or_else(|| format!("{text} is not of the form SPEC=N, for example RSA_2048=64"))
}

/// The settings in the form of a configuration file.
pub(super) fn template() -> String {
    let StockSizes { rsa_2048, rsa_3072, rsa_4096 } = StockSizes::SERVER;
    format!(
        "# Stock of RSA key pairs, in memory only; 0 keeps none of a spec.\n\
         # stock = {{ RSA_2048 = {rsa_2048}, RSA_3072 = {rsa_3072}, RSA_4096 = {rsa_4096} }}\n\
         # Cores that may fill the stock while no request waits for a pair; the default is half of them.\n\
         # stock_cores = {:.1}\n\
         # Pairs in stock that are older than this are wiped: d, h, m or s.\n\
         # stock_max_age = \"24h\"\n\
         # The engine for RSA pairs: \"auto\", \"ifma\", \"avx2\", \"dual\", \"scalar\", or \"library\" for AWS-LC's own generator.\n\
         # engine = \"{}\"\n\
         # Specs that Alibaba Cloud KMS does not offer: EC_P384, EC_P521, EC_SM2, ED25519, ML_DSA_*, ML_KEM_*.\n\
         # extended_key_pair_specs = false\n",
        Config::default_stock_cores(),
        EngineKind::default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(change: impl FnOnce(&mut PairSettings)) -> Result<Config, String> {
        let mut settings = PairSettings::default();
        change(&mut settings);
        settings.apply_to(Config::default())
    }

    #[test]
    fn settings_replace_defaults_one_by_one() {
        assert_eq!(set(|_| {}).unwrap(), Config::default());
        let config = set(|settings| {
            settings.stock = vec![("RSA_2048".to_owned(), 0), ("RSA_4096".to_owned(), 100_000)];
            settings.stock_cores = Some(0.25);
            settings.stock_max_age = Some("90m".to_owned());
            settings.engine = Some("library".to_owned());
            settings.extended_key_pair_specs = true;
        })
        .unwrap();
        assert_eq!(config.stock, StockSizes { rsa_2048: 0, rsa_4096: 100_000, ..StockSizes::SERVER });
        assert_eq!((config.stock_cores, config.engine), (0.25, EngineKind::Library));
        assert!(config.extended_specs && !Config::default().extended_specs);
        assert_eq!(config.stock_max_age, Duration::from_secs(5_400));
        for (text, seconds) in [("1m", 60), ("60s", 60), ("24h", 86_400), ("30d", 2_592_000)] {
            assert_eq!(parse_age(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn errors_name_the_setting_and_what_is_allowed() {
        for (spec, size) in [("RSA_2048", -1), ("RSA_2048", 100_001), ("RSA_2048", i64::MIN)] {
            let error = set(|settings| settings.stock = vec![(spec.to_owned(), size)]).unwrap_err();
            assert!(error.contains("stock.RSA_2048 must be") && error.contains("100000"), "{error}");
        }
        for spec in ["EC_P256", "rsa_2048", "RSA_1024", ""] {
            let error = set(|settings| settings.stock = vec![(spec.to_owned(), 1)]).unwrap_err();
            assert!(error.contains("RSA_2048, RSA_3072 and RSA_4096"), "{error}");
        }
        for cores in [0.0, -1.0, 1e9, f64::NAN, f64::INFINITY] {
            let error = set(|settings| settings.stock_cores = Some(cores)).unwrap_err();
            assert!(error.contains("stock_cores must be"), "{error}");
        }
        for age in ["", "h", "0s", "59s", "31d", "24", "-1h", "+1h", "1.5h", "1w", "99999999999999999999d", "1\u{e9}"] {
            let error = set(|settings| settings.stock_max_age = Some(age.to_owned())).unwrap_err();
            assert!(error.contains("stock_max_age must be"), "{error}");
        }
        for engine in ["", "AUTO", "fast"] {
            let error = set(|settings| settings.engine = Some(engine.to_owned())).unwrap_err();
            assert!(error.contains("engine must be one of \"auto\", \"ifma\""), "{error}");
        }
    }

    #[test]
    fn sizes_on_the_command_line() {
        assert_eq!(parse_size("RSA_2048=64"), Ok(("RSA_2048".to_owned(), 64)));
        for text in ["", "RSA_2048", "RSA_2048=", "RSA_2048=x", "=", "RSA_2048 64"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
