//! Secret fields of messages: they print as `[secret]`, and can be wiped once the message is encoded.

use zeroize::Zeroize;

/// A message whose secret fields can be wiped. They are plain vectors and strings because prost requires it.
pub trait WipeSecrets {
    /// Overwrites the secret fields.
    fn wipe_secrets(&mut self);
}

/// Declares which fields of a message are secret. A field that is not listed does not compile.
macro_rules! secret_fields {
    ($name:ident { shown: [$($shown:ident),*], secret: [$($secret:ident),*] }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let Self { $($shown,)* $($secret: _),* } = self;
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), $shown))*
                    $(.field(stringify!($secret), &format_args!("[secret]")))*
                    .finish()
            }
        }

        impl $crate::instance::message::WipeSecrets for $name {
            fn wipe_secrets(&mut self) {
                $($crate::instance::message::secret_fields::wipe(&mut self.$secret);)*
            }
        }
    };
}
pub(super) use secret_fields;

/// Declares that no field of these messages is secret.
macro_rules! no_secret_fields {
    ($($name:ident),+) => {
        $(impl $crate::instance::message::WipeSecrets for $name {
            fn wipe_secrets(&mut self) {}
        })+
    };
}
pub(super) use no_secret_fields;

pub(super) fn wipe(secret: &mut impl Zeroize) {
    secret.zeroize();
}
