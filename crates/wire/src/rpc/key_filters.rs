//! The `Filters` parameter of ListKeys (rpc-api 7.2), which is JSON text.

use serde::Deserialize;

use super::error::RpcError;
use super::parameters::Parameters;

/// The property that a filter compares.
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

/// One entry of `Filters`. Values of one key are alternatives, even across entries; different keys must all match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// The property.
    pub key: FilterKey,
    /// The values that match; never empty.
    pub values: Vec<String>,
}

/// Most entries in `Filters`.
const FILTERS_MAX: usize = 10;

/// Parses the `Filters` of ListKeys; absent means no filters.
///
/// # Errors
/// [`RpcError::InvalidParameter`]: text that is not such JSON, an unknown key, a key without values, or more than `FILTERS_MAX`
/// entries.
pub(super) fn read(parameters: &Parameters) -> Result<Vec<Filter>, RpcError> {
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
    fn filters() {
        let text = "[{\"Key\":\"KeyState\",\"Values\":[\"Enabled\",\"Disabled\"]},{\"Key\":\"DKMSInstanceId\",\"Values\":[\"kst-1\"]}]";
        let filters = read(&with("Filters", text)).unwrap();
        assert_eq!(filters.len(), 2);
        assert_eq!(filters[0], Filter { key: FilterKey::KeyState, values: vec!["Enabled".into(), "Disabled".into()] });
        assert_eq!(filters[1].key, FilterKey::DkmsInstanceId);
        assert_eq!(read(&with("Filters", "[]")), Ok(vec![]));
        assert_eq!(read(&Parameters::default()), Ok(vec![]));
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
            assert_eq!(read(&with("Filters", text)), Err(RpcError::invalid("Filters")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,30}") {
            let _ = read(&with("Filters", &text));
        }
    }
}
