//! The operation names that `x-kms-apiname` may carry (instance-api 3). Names match exactly, case included.

/// Declares the operations: the list, the names and the parser come from one source.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// An operation of the Instance API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$doc])* $name,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name as `x-kms-apiname` carries it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

operations! {
    /// 5.1, initial version.
    Encrypt,
    /// 5.1.
    Decrypt,
    /// 5.2, primary version, self-describing blob.
    AdvanceEncrypt,
    /// 5.2, any version.
    AdvanceDecrypt,
    /// 5.3, initial version.
    GenerateDataKey,
    /// 5.3, primary version.
    AdvanceGenerateDataKey,
    /// 5.4, initial version.
    GenerateDataKeyPair,
    /// 5.4, initial version, no plaintext private key.
    GenerateDataKeyPairWithoutPlaintext,
    /// 5.4, primary version.
    AdvanceGenerateDataKeyPair,
    /// 5.4, primary version, no plaintext private key.
    AdvanceGenerateDataKeyPairWithoutPlaintext,
    /// 5.5.
    Sign,
    /// 5.5.
    Verify,
    /// 5.6.
    GetPublicKey,
    /// 5.7.
    GetSecretValue,
    /// 5.8.
    GenerateRandom,
    /// 5.9, legacy: C# and early SDKs.
    Hmac,
}

impl Operation {
    /// The operation with that exact name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_itself() {
        assert_eq!(Operation::ALL.len(), 16);
        for operation in Operation::ALL {
            assert_eq!(Operation::parse(operation.name()), Some(*operation));
        }
    }

    #[test]
    fn nothing_else_parses() {
        for name in [
            "",
            "encrypt",
            "Encrypt ",
            "ENCRYPT",
            "Hash",
            "KmsEncrypt",
            "KmsDecrypt",
            "CreateKey",
            "AdvanceGenerateDataKeyPairWithPlaintext",
        ] {
            assert_eq!(Operation::parse(name), None, "{name}");
        }
    }
}
