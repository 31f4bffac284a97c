// htmx and its extensions in one bundle: loaded one by one, htmx can start before a late extension and then never sees
// its attributes.
import "htmx.org";
import "./trusted-types.ts";
import "htmx.org/dist/ext/hx-sse.js";
import "htmx.org/dist/ext/hx-upsert.js";
