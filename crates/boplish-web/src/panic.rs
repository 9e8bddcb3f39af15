//! When a bug makes the module panic: it says so once, and then nothing of it works any more.
//!
//! The module is built to abort on panics, so nothing is unwound: borrows stay taken, and every
//! further call would panic for that reason only.

use std::cell::{Cell, RefCell};

use crate::browser::{Host, console_error};

thread_local! {
    static IS_POISONED: Cell<bool> = const { Cell::new(false) };
    static HOSTS: RefCell<Vec<Host>> = const { RefCell::new(Vec::new()) };
}

/// Whether the module has panicked: then nothing may be touched.
pub(crate) fn is_poisoned() -> bool {
    IS_POISONED.get()
}

/// Tells this host too when the module panics.
pub(crate) fn watch(host: &Host) {
    HOSTS.with_borrow_mut(|hosts| {
        if hosts.is_empty() {
            std::panic::set_hook(Box::new(|info| fail(&info.to_string())));
        }
        hosts.push(host.clone());
    });
}

/// Forgets a host.
pub(crate) fn unwatch(host: &Host) {
    HOSTS.with_borrow_mut(|hosts| hosts.retain(|other| !is_same(other, host)));
}

fn is_same(a: &Host, b: &Host) -> bool {
    js_sys::Object::is(a.as_ref(), b.as_ref())
}

fn fail(message: &str) {
    if IS_POISONED.replace(true) {
        return;
    }
    console_error(message);
    for host in HOSTS.take() {
        host.failed(message);
    }
}
