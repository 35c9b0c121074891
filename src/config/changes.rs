//! Which changes of a configuration a running Usher applies, and which only its next start does. Pure.

use super::Config;

impl Config {
    /// Brings what needs a restart back to how it stands in `running`; returns the keys that differed there.
    pub fn keep_what_needs_a_restart(&mut self, running: &Self) -> Vec<&'static str> {
        let (web, old) = (&mut self.web, &running.web);
        let mut kept = Vec::new();
        keep("listen", &mut web.listen, &old.listen, &mut kept);
        keep("cdr.listen", &mut web.cdr_listen, &old.cdr_listen, &mut kept);
        keep("data_dir", &mut self.data_dir, &running.data_dir, &mut kept);
        keep("public_url", &mut web.public_url, &old.public_url, &mut kept);
        // Other files of a certificate are taken over; HTTPS itself begins and ends with the socket.
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
