//! Separates the settings that a running Usher applies from those that need a restart. Pure.

use super::Config;

impl Config {
    /// Resets the settings that need a restart to their values in `running`; returns the keys that differed.
    pub fn keep_startup_settings(&mut self, running: &Self) -> Vec<&'static str> {
        let (web, old) = (&mut self.web, &running.web);
        let mut kept = Vec::new();
        keep("listen", &mut web.listen, &old.listen, &mut kept);
        keep("cdr.listen", &mut web.cdr_listen, &old.cdr_listen, &mut kept);
        keep("data_dir", &mut self.data_dir, &running.data_dir, &mut kept);
        keep("public_url", &mut web.public_url, &old.public_url, &mut kept);
        // Other certificate files are applied; HTTPS itself is switched on or off only with the listening socket.
        if web.tls.is_some() != old.tls.is_some() {
            keep("tls", &mut web.tls, &old.tls, &mut kept);
        }
        kept
    }
}

fn keep<T: Clone + PartialEq>(key: &'static str, new: &mut T, old: &T, kept: &mut Vec<&'static str>) {
    if new != old {
        new.clone_from(old);
        kept.push(key);
    }
}
