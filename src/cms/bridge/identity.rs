//! Finds the id and name of the bridge in its cluster. Requests only further pages of the list of bridges.

use std::sync::Arc;

use super::context::Context;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{BridgeItem, ListPage};

#[derive(Debug, Default)]
pub(super) struct ClusterIdentity {
    unique_name: Option<Arc<str>>,
}

impl ClusterIdentity {
    pub(super) fn on_own_name(&mut self, ctx: &Context, name: Option<Arc<str>>) {
        self.unique_name = name;
        self.identify(ctx);
    }

    pub(super) fn on_bridges(&self, ctx: &mut Context, offset: usize, page: ListPage<BridgeItem>) {
        if offset == 0 {
            ctx.peers.clear();
        }
        let next = page.next(offset);
        ctx.peers.extend(page.items.into_iter().filter_map(|item| Some((item.id, item.name?))));
        match next {
            Some(offset) => ctx.request(Lane::Resync, Request::Bridges(offset)),
            None => self.identify(ctx),
        }
    }

    /// A bridge finds its own id by its unique name in the list of bridges (rest.md section 7).
    fn identify(&self, ctx: &Context) {
        let own = self.unique_name.as_deref();
        let id = ctx.peers.iter().find(|(_, name)| Some(&**name) == own).map(|(id, _)| id);
        if let Some(id) = id {
            ctx.cluster.set_bridge_id(id, &ctx.name);
        }
        ctx.store.put_bridge(&ctx.name, |bridge| {
            bridge.id = id.cloned().or(bridge.id.take());
            bridge.unique_name.clone_from(&self.unique_name);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_finds_its_id_by_its_own_name_on_the_list() {
        let mut ctx = Context::for_tests();
        let mut identity = ClusterIdentity::default();
        let item = |id: &str, name: &str| BridgeItem { id: id.into(), name: Some(name.into()) };
        let page = ListPage { items: vec![item("1", "one"), item("2", "two")], total: Some(2), unreadable: 0, damaged: false };
        identity.on_bridges(&mut ctx, 0, page);
        assert_eq!(ctx.cluster.bridge_name("2"), None, "its own name is not known yet");
        identity.on_own_name(&ctx, Some("two".into()));
        assert_eq!(ctx.cluster.bridge_name("2"), Some(ctx.name.clone()));
        assert_eq!(ctx.store.with_bridge(&ctx.name, |bridge| bridge.id.clone()), Some(Some("2".into())));
    }
}
