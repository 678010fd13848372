//! Limits that several crates share, with their sources.

/// Largest request body, bytes: instance-api 1.1, "3 MB = 3 145 728 bytes".
pub const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Most parameters in a query or a form. Our own limit: no action has a hundred, and a form of 3 MB could contain a
/// million, which would take a hundred times its size in memory before the caller is authenticated.
pub const PARAMETERS_MAX: usize = 1000;

/// Length of the initialization vector of AES-GCM and SM4-GCM, bytes: instance-api 6.1.
pub const GCM_IV_BYTES: usize = 12;
/// Length of the tag of AES-GCM and SM4-GCM, bytes: instance-api 6.1.
pub const GCM_TAG_BYTES: usize = 16;

/// Largest additional authenticated data, bytes: instance-api 5.1.
pub const AAD_BYTES_MAX: usize = 8192;

/// Largest difference between the date of a request and real time, seconds: instance-api 1.5, rpc-api 3.4.
pub const DATE_SKEW_S_MAX: i64 = 15 * 60;

/// Largest key description, characters: rpc-api 5.
pub const DESCRIPTION_CHARS_MAX: usize = 8192;

/// Largest alias name after the prefix `alias/`, characters: rpc-api 5 and 18.14.
pub const ALIAS_CHARS_MAX: usize = 255;

/// Largest stored record, bytes: docs/spec/storage.md 4, "records are capped at 64 KiB".
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Most operations in one commit: docs/spec/storage.md 4, etcd's limit.
pub const BATCH_OPERATIONS_MAX: usize = 128;

/// Shortest and longest automatic rotation interval, seconds: rpc-api 8.3, "accept 7d-730d".
pub const ROTATION_INTERVAL_S_MIN: u64 = 7 * 86_400;
/// See [`ROTATION_INTERVAL_S_MIN`].
pub const ROTATION_INTERVAL_S_MAX: u64 = 730 * 86_400;

/// Shortest and longest pending window before a key is destroyed, days: rpc-api 7.2.
pub const PENDING_WINDOW_DAYS_MIN: u32 = 7;
/// See [`PENDING_WINDOW_DAYS_MIN`].
pub const PENDING_WINDOW_DAYS_MAX: u32 = 366;

/// Validity of a client key unless the caller asks for another, seconds: five years, instance-api 1.9.
pub const CLIENT_KEY_VALIDITY_S: i64 = 5 * 365 * 86_400;
