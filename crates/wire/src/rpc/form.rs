//! Decoding and encoding of `application/x-www-form-urlencoded` (rpc-api 2.1, 3).
//!
//! Decoding accepts `+` and `%20` for a space. Encoding uses the percent-encoding of signatures, which never writes `+`.

use std::borrow::Cow;

use claviger_base::limits::PARAMETERS_MAX;

use super::error::RpcError;

/// A name and its value, copied only if percent-encoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Decodes `a=1&b=x+y%21` into pairs, in order. Empty pieces between `&` are skipped; `a` means `a=`.
///
/// # Errors
/// [`RpcError::ParseRequestParameterException`]: a `%` without two hexadecimal digits, or a name or value that is not UTF-8,
/// or more than [`PARAMETERS_MAX`] pairs.
pub fn decode(encoded: &[u8]) -> Result<Vec<Pair<'_>>, RpcError> {
    let pieces = encoded.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    // Count first, to reserve neither more memory than allowed nor more than needed.
    let count = pieces.clone().count();
    if count > PARAMETERS_MAX {
        return Err(RpcError::ParseRequestParameterException);
    }
    let mut pairs = Vec::with_capacity(count);
    for piece in pieces {
        let mut halves = piece.splitn(2, |byte| *byte == b'=');
        let name = decode_text(halves.next().unwrap_or_default())?;
        pairs.push((name, decode_text(halves.next().unwrap_or_default())?));
    }
    Ok(pairs)
}

fn decode_text(encoded: &[u8]) -> Result<Cow<'_, str>, RpcError> {
    if !encoded.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        let text = std::str::from_utf8(encoded).map_err(|_bad| RpcError::ParseRequestParameterException)?;
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>().ok_or(RpcError::ParseRequestParameterException)?;
                let mut decoded = [0];
                hex::decode_to_slice(digits, &mut decoded).map_err(|_bad| RpcError::ParseRequestParameterException)?;
                out.extend_from_slice(&decoded);
                rest = after;
            }
            other => out.push(*other),
        }
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_bad| RpcError::ParseRequestParameterException)
}

/// `pe` of rpc-api 3: unreserved characters kept, every other byte `%XX` in upper case.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write_percent_encoded(text, &mut |piece| out.push_str(piece));
    out
}

/// [`percent_encode`] piece by piece, without allocating the result.
pub(super) fn write_percent_encoded(text: &str, out: &mut dyn FnMut(&str)) {
    const DIGITS: &str = "0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)..usize::from(value) + 1).unwrap_or_default();
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_kept(byte)) {
        // Kept bytes are ASCII, so both splits are at character boundaries.
        let (kept, from) = rest.split_at(at);
        if !kept.is_empty() {
            out(kept);
        }
        let character = from.chars().next().map_or(1, char::len_utf8);
        let (character, after) = from.split_at(character);
        for byte in character.bytes() {
            out("%");
            out(digit(byte >> 4));
            out(digit(byte & 15));
        }
        rest = after;
    }
    out(rest);
}

/// Pairs sorted by name, percent-encoded, joined: the canonical query, and a valid query or form body as well.
#[must_use]
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_unstable();
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        write_percent_encoded(name, &mut |piece| out.push_str(piece));
        out.push('=');
        write_percent_encoded(value, &mut |piece| out.push_str(piece));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(encoded: &str) -> Vec<(String, String)> {
        decode(encoded.as_bytes()).unwrap().into_iter().map(|(a, b)| (a.into_owned(), b.into_owned())).collect()
    }

    #[test]
    fn what_clients_send_is_decoded() {
        let expected = [("SecretData", "a b&c"), ("Description", ""), ("x", ""), ("k=v", "1=2")];
        let expected: Vec<_> = expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        assert_eq!(pairs("SecretData=a+b%26c&Description=&&x&k%3Dv=1=2"), expected);
        assert_eq!(pairs("a=%e4%b8%ad%E6%96%87"), [("a".to_owned(), "\u{4e2d}\u{6587}".to_owned())]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn malformed_text_is_refused() {
        for encoded in ["a=%", "a=%2", "a=%zz", "a=%+1", "%=1", "a=%ff", "a=%C3"] {
            assert_eq!(decode(encoded.as_bytes()), Err(RpcError::ParseRequestParameterException), "{encoded}");
        }
        assert!(decode(b"a=\xff").is_err());
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let many = |count: usize| vec!["a"; count].join("&").into_bytes();
        assert_eq!(decode(&many(PARAMETERS_MAX)).unwrap().len(), PARAMETERS_MAX);
        assert_eq!(decode(&many(PARAMETERS_MAX + 1)), Err(RpcError::ParseRequestParameterException));
    }

    #[test]
    fn percent_encoding_is_that_of_signatures() {
        assert_eq!(percent_encode("aZ09-_.~ *+/=&\u{e9}"), "aZ09-_.~%20%2A%2B%2F%3D%26%C3%A9");
    }

    proptest! {
        #[test]
        fn encoded_pairs_decode(written in prop::collection::btree_map("\\PC{1,8}", "\\PC{0,12}", 0..6)) {
            let encoded = encode(written.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            prop_assert_eq!(pairs(&encoded), written.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&bytes);
        }
    }
}
