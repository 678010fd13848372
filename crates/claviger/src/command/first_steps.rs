//! The hints that `dev` prints after the first start.

use std::path::Path;

use crate::output;

/// On standard error: standard output holds the `claviger ready` line only.
pub(super) fn print(data_dir: &Path, endpoint: &str) {
    let dir = data_dir.display();
    output::print_note(&format!(
        "claviger: a new development instance; its credentials are in {dir}:\n  \
         client-key.json, client-key-password.txt   for programs that use keys (the SDKs' client key)\n  \
         access-key.json                            for programs that create and manage keys\n  \
         ca.pem                                     the CA file, with which both trust this server\n\
         next, in another terminal:\n  \
         claviger data-key-pair generate --endpoint {endpoint} --data-dir {dir}"
    ));
}
