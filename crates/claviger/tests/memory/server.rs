//! The child: a server in this very test program. It reads from its standard input what to plant in its memory.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use claviger_keygen::{EngineKind, StockSizes};
use claviger_server::{Options, Server};
use claviger_service::PairConcurrency;

const DIR: &str = "CLAVIGER_MEMORY_CHILD_DIR";
const ENGINE: &str = "CLAVIGER_MEMORY_CHILD_ENGINE";

/// A running server.
pub(crate) struct Child {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(crate) endpoint: String,
}

impl Child {
    pub(crate) fn start(dir: &Path, engine: EngineKind) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", "server::serves_when_it_is_a_child"]).env(DIR, dir);
        command.env(ENGINE, engine.name());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut child = Self { process, input, output: BufReader::new(output), endpoint: String::new() };
        child.endpoint = child.line_with("ready ");
        child
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Makes the child hold exactly these bytes, in addition to its own.
    pub(crate) fn plant(&mut self, bytes: &[u8]) {
        writeln!(self.input, "{}", hex::encode(bytes)).unwrap();
        self.line_with("planted");
    }

    fn line_with(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
            line.clear();
        }
        panic!("the child ended before it wrote {word:?}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

#[test]
#[ignore = "the child of another test"]
fn serves_when_it_is_a_child() {
    let Some(dir) = env::var_os(DIR).map(std::path::PathBuf::from) else { return };
    let options = Options {
        root_key_file: dir.join("root.key"),
        data_dir: dir,
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        admin_allow_remote: false,
        hostnames: Vec::new(),
        pair_concurrency: PairConcurrency::Unlimited,
        use_policy: claviger_service::UsePolicy::default(),
        arn_accounts: claviger_service::ArnAccounts::default(),
        // Some pairs come from the stock, the others are made when they are asked for.
        keygen: claviger_keygen::Config {
            stock: StockSizes { rsa_2048: 3, ..StockSizes::NONE },
            engine: EngineKind::parse(&env::var(ENGINE).unwrap()).unwrap(),
            ..claviger_keygen::Config::default()
        },
        offers_http2: true,
        connections_max: 16,
        connections_per_source: 16,
        audit_segment_bytes: 1 << 20,
        is_dev: true,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(options)).unwrap();
    println!("ready https://{}", server.address().unwrap());
    runtime.spawn(server.run(Box::pin(std::future::pending())));
    let mut planted = Vec::new();
    for line in std::io::stdin().lines() {
        // Decoded in place: a buffer that grows would leave copies behind.
        let line = line.unwrap();
        zeroize::Zeroize::zeroize(&mut planted);
        planted = vec![0; line.len() / 2];
        hex::decode_to_slice(line, &mut planted).unwrap();
        println!("planted {}", planted.len());
    }
}
