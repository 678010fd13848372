//! Kinds of records (docs/formats/records.md).

/// The kind of a record: one byte of its header. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The instance itself.
    Instance,
    /// A key without material.
    Key,
    /// A key version with its material.
    KeyMaterial,
    /// A key version without material, listed below its key.
    KeyVersion,
    /// An alias.
    Alias,
    /// An alias listed below its key.
    AliasOfKey,
    /// When the scheduler must rotate or destroy a key.
    Due,
    /// A client key, public half only.
    ClientKey,
    /// An access key with its secret.
    AccessKey,
    /// How far `claviger dev` has moved business time.
    DevClock,
    /// The key that signs audit checkpoints.
    AuditSigningKey,
    /// The certificate authority of this instance.
    TlsAuthority,
    /// How often a key version has encrypted.
    IvUses,
    /// An application access point.
    AccessPoint,
    /// A policy.
    Policy,
    /// A network rule.
    NetworkRule,
    /// The position that the audit log has reached.
    AuditAnchor,
    /// An entry that the audit log must still record.
    OutboxEntry,
    /// The time by which keys are destroyed.
    TrustedTime,
    /// What remains of a revoked client key.
    RevokedClientKey,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Instance,
        Self::Key,
        Self::KeyMaterial,
        Self::KeyVersion,
        Self::Alias,
        Self::AliasOfKey,
        Self::Due,
        Self::ClientKey,
        Self::AccessKey,
        Self::DevClock,
        Self::AuditSigningKey,
        Self::TlsAuthority,
        Self::IvUses,
        Self::AccessPoint,
        Self::Policy,
        Self::NetworkRule,
        Self::AuditAnchor,
        Self::OutboxEntry,
        Self::TrustedTime,
        Self::RevokedClientKey,
    ];

    /// The kind of a byte in a record header; `None` for one that this version does not know.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Its byte in the record header.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Instance => 1,
            Self::Key => 2,
            Self::KeyMaterial => 3,
            Self::KeyVersion => 4,
            Self::Alias => 5,
            Self::AliasOfKey => 6,
            Self::Due => 7,
            Self::ClientKey => 8,
            Self::AccessKey => 9,
            Self::DevClock => 10,
            Self::AuditSigningKey => 11,
            Self::TlsAuthority => 12,
            Self::IvUses => 13,
            Self::AccessPoint => 14,
            Self::Policy => 15,
            Self::NetworkRule => 16,
            Self::AuditAnchor => 17,
            Self::OutboxEntry => 18,
            Self::TrustedTime => 19,
            Self::RevokedClientKey => 21,
        }
    }
}
