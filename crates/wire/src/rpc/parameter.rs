//! Parameters whose text has a grammar of its own: `RotationInterval` (rpc-api 8.3) and the `Filters` of ListKeys (rpc-api 7.2).

use serde::Deserialize;

use super::{Parameters, RpcError};

/// `RotationInterval` as seconds, if given. Whether so long is allowed is the model's to say.
///
/// # Errors
/// [`RpcError::InvalidParameter`] unless it is `<integer><unit>` with unit `d`, `h`, `m` or `s`.
pub fn rotation_interval_s(parameters: &Parameters) -> Result<Option<u64>, RpcError> {
    const NAME: &str = "RotationInterval";
    let parse = |text| parse_interval_s(text).ok_or(RpcError::invalid(NAME));
    parameters.optional(NAME).map(parse).transpose()
}

/// Reads `<integer><unit>`: `7d` is 604800.
#[must_use]
pub fn parse_interval_s(text: &str) -> Option<u64> {
    let unit_s = match text.as_bytes().last()? {
        b'd' => 86_400,
        b'h' => 3600,
        b'm' => 60,
        b's' => 1,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit_s)
}

/// Writes an interval as every answer has it: `604800s`.
#[must_use]
pub fn format_interval_s(seconds: u64) -> String {
    format!("{seconds}s")
}

/// A parameter whose text is a JSON array of texts, if given; `[]` is given.
///
/// # Errors
/// [`RpcError::InvalidParameter`] when it is not one.
pub fn texts(parameters: &Parameters, name: &'static str) -> Result<Option<Vec<String>>, RpcError> {
    let parse = |text| serde_json::from_str(text).map_err(|_malformed| RpcError::invalid(name));
    parameters.optional(name).map(parse).transpose()
}

/// `AccessControlRules`: a JSON object whose `NetworkRules` is a list of names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AccessControlRules {
    #[serde(default)]
    network_rules: Vec<String>,
}

/// The names in `AccessControlRules`, if given; an empty text or object names none (rpc-api 13.2). A field that is
/// not understood is refused: it might be a restriction.
///
/// # Errors
/// [`RpcError::InvalidParameter`] when it is not of that shape.
pub fn network_rule_names(parameters: &Parameters) -> Result<Option<Vec<String>>, RpcError> {
    const NAME: &str = "AccessControlRules";
    let Some(text) = parameters.value(NAME) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let rules: AccessControlRules = serde_json::from_str(text).map_err(|_malformed| RpcError::invalid(NAME))?;
    Ok(Some(rules.network_rules))
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[expect(missing_docs, reason = "the names are the API's own")]
pub enum FilterKey {
    KeyState,
    KeySpec,
    KeyUsage,
    ProtectionLevel,
    CreatorType,
    #[serde(rename = "DKMSInstanceId")]
    DkmsInstanceId,
    KeyId,
    AliasName,
    Creator,
    TagKey,
    TagValue,
}

/// One entry of `Filters`. Values of one key are alternatives, also across entries; different keys must all match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// What is looked at.
    pub key: FilterKey,
    /// The values it may have; never empty.
    pub values: Vec<String>,
}

/// Most entries in `Filters`.
pub const FILTERS_MAX: usize = 10;

/// The `Filters` of ListKeys: JSON text, none if absent.
///
/// # Errors
/// [`RpcError::InvalidParameter`]: not that JSON, an unknown key, no values, or more than [`FILTERS_MAX`] entries.
pub fn list_keys_filters(parameters: &Parameters) -> Result<Vec<Filter>, RpcError> {
    const NAME: &str = "Filters";
    let Some(text) = parameters.optional(NAME) else {
        return Ok(Vec::new());
    };
    let filters: Vec<Filter> = serde_json::from_str(text).map_err(|_bad| RpcError::invalid(NAME))?;
    if filters.len() > FILTERS_MAX || filters.iter().any(|filter| filter.values.is_empty()) {
        return Err(RpcError::invalid(NAME));
    }
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rpc::form;

    fn with(name: &str, value: &str) -> Parameters {
        Parameters::decode(&form::encode([(name, value)]), b"").unwrap()
    }

    #[test]
    fn intervals() {
        for (text, seconds) in [("7d", 604_800), ("168h", 604_800), ("1m", 60), ("605800s", 605_800), ("0d", 0)] {
            assert_eq!(parse_interval_s(text), Some(seconds), "{text}");
        }
        for text in ["", "d", "7", "7w", "-7d", "+7d", "7.5d", "7 d", "7D", "7dd", "99999999999999999d", "7\u{e9}"] {
            assert_eq!(parse_interval_s(text), None, "{text}");
        }
        assert_eq!(rotation_interval_s(&with("RotationInterval", "7d")), Ok(Some(604_800)));
        assert_eq!(rotation_interval_s(&with("RotationInterval", "")), Ok(None));
        assert_eq!(rotation_interval_s(&with("RotationInterval", "x")), Err(RpcError::invalid("RotationInterval")));
    }

    #[test]
    fn filters() {
        let text = "[{\"Key\":\"KeyState\",\"Values\":[\"Enabled\",\"Disabled\"]},{\"Key\":\"DKMSInstanceId\",\"Values\":[\"kst-1\"]}]";
        let filters = list_keys_filters(&with("Filters", text)).unwrap();
        assert_eq!(filters.len(), 2);
        assert_eq!(filters[0], Filter { key: FilterKey::KeyState, values: vec!["Enabled".into(), "Disabled".into()] });
        assert_eq!(filters[1].key, FilterKey::DkmsInstanceId);
        assert_eq!(list_keys_filters(&with("Filters", "[]")), Ok(vec![]));
        assert_eq!(list_keys_filters(&Parameters::default()), Ok(vec![]));
    }

    #[test]
    fn bad_filters_are_refused() {
        let eleven = format!("[{}]", ["{\"Key\":\"KeyState\",\"Values\":[\"Enabled\"]}"; 11].join(","));
        let bad = [
            "{}",
            "x",
            "[1]",
            "[{\"Key\":\"KeyState\"}]",
            "[{\"Key\":\"KeyState\",\"Values\":[]}]",
            "[{\"Key\":\"KeyState\",\"Values\":\"Enabled\"}]",
            "[{\"Key\":\"KeyState\",\"Values\":[1]}]",
            "[{\"Key\":\"keystate\",\"Values\":[\"Enabled\"]}]",
            "[{\"Values\":[\"Enabled\"]}]",
            eleven.as_str(),
        ];
        for text in bad {
            assert_eq!(list_keys_filters(&with("Filters", text)), Err(RpcError::invalid("Filters")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_intervals_are_read(seconds: u64) {
            prop_assert_eq!(parse_interval_s(&format_interval_s(seconds)), Some(seconds));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = parse_interval_s(&text);
            let _ = list_keys_filters(&with("Filters", &text));
        }
    }
}
