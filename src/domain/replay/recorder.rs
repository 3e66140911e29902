//! Scenes in, bytes out.

use super::VERSION;
use super::change::between;
use super::player::{Begin, Record};
use super::scene::Scene;

/// Turns scenes into the bytes of segments. What is written is decided by its caller.
#[derive(Debug, Default)]
pub struct Recorder {
    scene: Scene,
    at: i64,
}

impl Recorder {
    /// The bytes with which a segment begins: the whole scene, as it is at `at`, milliseconds since the epoch.
    pub fn begin(&mut self, scene: Scene, at: i64) -> Vec<u8> {
        let begin = Begin { at, scene: scene.clone().moved(-at) };
        (self.scene, self.at) = (scene, at);
        written(vec![VERSION], &begin)
    }

    /// Appends what changed since the last scene; nothing when nothing did.
    pub fn change(&mut self, scene: Scene, at: i64, bytes: &mut Vec<u8>) {
        let changes = between(&self.scene, &scene, at);
        if !changes.is_empty() {
            self.write(changes, at, bytes);
            self.scene = scene;
        }
    }

    /// Appends that at `at` all is as it was.
    pub fn still_so(&mut self, at: i64, bytes: &mut Vec<u8>) {
        self.write(Vec::new(), at, bytes);
    }

    /// When the last record was made.
    pub fn at(&self) -> i64 {
        self.at
    }

    fn write(&mut self, changes: Vec<super::change::Change>, at: i64, bytes: &mut Vec<u8>) {
        let after = u64::try_from(at - self.at).unwrap_or(0);
        self.at = at;
        *bytes = written(std::mem::take(bytes), &Record { after, changes });
    }
}

fn written(bytes: Vec<u8>, record: &impl serde::Serialize) -> Vec<u8> {
    // Memory is the only thing that these types can lack.
    postcard::to_extend(record, bytes).unwrap_or_default()
}
