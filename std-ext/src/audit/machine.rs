//! What the audit ran on.

use crate::backend::Fast;

/// Versions, the platform, and the processor.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Of gaussling.
    pub version: &'static str,
    /// The compiler that built this program.
    pub compiler: &'static str,
    /// Architecture and operating system.
    pub platform: String,
    /// The processor's name, where the system tells.
    pub processor: Option<String>,
    /// The vector instructions that the fast kernels use here.
    pub instructions: String,
    /// Threads that the system offers.
    pub threads: usize,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            compiler: env!("GAUSSLING_COMPILER"),
            platform: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            processor: processor(),
            instructions: format!("{:?}", Fast::detect().level()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Linux only.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    let [model, family, number] = ["model name", "cpu family", "model\t"].map(field);
    let plus = |what: &str, field: Option<(&str, &str)>| field.map_or(String::new(), |(_, x)| format!(" {what}{x}"));
    Some(format!("{}{}{}", model?.1.trim(), plus("family", family), plus("model", number)))
}
