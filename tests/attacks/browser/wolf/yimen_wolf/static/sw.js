// An empty service worker: what matters is whether it may be registered.
