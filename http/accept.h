// What of two forms a client would rather read, from its Accept fields (RFC 9110, 12.5.1). Only for
// answers of our own, which come as plain text or as JSON; nothing of a backend's is chosen here.
// Pure, any thread; runs off the hot path.
#pragma once

#include "http/message.h"

namespace ringway::http {

// True when JSON is named and rated at least as high as every text type that is named. "*/*" alone,
// which is what curl sends, asks for nothing in particular and gets text.
bool prefers_json(const RequestHead& head);

}  // namespace ringway::http
