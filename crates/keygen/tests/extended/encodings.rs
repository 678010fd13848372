//! The encodings byte by byte, up to where the key itself begins (docs/formats/key-pairs.md).

use claviger_keygen::ExtendedSpec;

use crate::pair;

/// The bytes that precede the key in SPKI and in PKCS#8, and the total lengths.
struct Expected {
    spec: ExtendedSpec,
    public: (&'static str, usize),
    private: (&'static str, usize),
}

const EXPECTED: [Expected; 10] = [
    // RFC 5480: id-ecPublicKey, named curve, uncompressed point; RFC 5915 with the public key, no parameters.
    Expected {
        spec: ExtendedSpec::EcP384,
        public: ("3076301006072a8648ce3d020106052b8104002203620004", 120),
        private: ("3081b6020100301006072a8648ce3d020106052b8104002204819e30819b0201010430", 185),
    },
    Expected {
        spec: ExtendedSpec::EcP521,
        public: ("30819b301006072a8648ce3d020106052b810400230381860004", 158),
        private: ("3081ee020100301006072a8648ce3d020106052b810400230481d63081d30201010442", 241),
    },
    // GM/T 0006: sm2p256v1.
    Expected {
        spec: ExtendedSpec::EcSm2,
        public: ("3059301306072a8648ce3d020106082a811ccf5501822d03420004", 91),
        private: ("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420", 138),
    },
    // RFC 8410: no parameters; the seed in an OCTET STRING in an OCTET STRING.
    Expected {
        spec: ExtendedSpec::Ed25519,
        public: ("302a300506032b6570032100", 44),
        private: ("302e020100300506032b657004220420", 48),
    },
    // RFC 9881: no parameters; [0] with the seed of 32 bytes.
    Expected {
        spec: ExtendedSpec::MlDsa44,
        public: ("30820532300b06096086480165030403110382052100", 1334),
        private: ("3034020100300b060960864801650304031104228020", 54),
    },
    Expected {
        spec: ExtendedSpec::MlDsa65,
        public: ("308207b2300b0609608648016503040312038207a100", 1974),
        private: ("3034020100300b060960864801650304031204228020", 54),
    },
    Expected {
        spec: ExtendedSpec::MlDsa87,
        public: ("30820a32300b060960864801650304031303820a2100", 2614),
        private: ("3034020100300b060960864801650304031304228020", 54),
    },
    // RFC 9935: no parameters; [0] with the seed of 64 bytes.
    Expected {
        spec: ExtendedSpec::MlKem512,
        public: ("30820332300b06096086480165030404010382032100", 822),
        private: ("3054020100300b060960864801650304040104428040", 86),
    },
    Expected {
        spec: ExtendedSpec::MlKem768,
        public: ("308204b2300b0609608648016503040402038204a100", 1206),
        private: ("3054020100300b060960864801650304040204428040", 86),
    },
    Expected {
        spec: ExtendedSpec::MlKem1024,
        public: ("30820632300b06096086480165030404030382062100", 1590),
        private: ("3054020100300b060960864801650304040304428040", 86),
    },
];

#[test]
fn every_kind_is_encoded_as_its_standard_says() {
    assert_eq!(EXPECTED.each_ref().map(|expected| expected.spec), ExtendedSpec::ALL);
    for Expected { spec, public: (public_head, public_len), private: (private_head, private_len) } in EXPECTED {
        let (public, private) = pair(spec);
        assert_eq!(hex::encode(&public[..public_head.len() / 2]), public_head, "{spec:?}");
        assert_eq!(public.len(), public_len, "{spec:?}");
        assert_eq!(hex::encode(&private.reveal()[..private_head.len() / 2]), private_head, "{spec:?}");
        assert_eq!(private.len(), private_len, "{spec:?}");
    }
}
