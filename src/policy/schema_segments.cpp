#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

const Type& type_of(Tag<Segment> /*tag*/) {
  static const Type type = [] {
    Declaration<Segment> d("Segment", "Requests that are also looked at by themselves: a kind of device, a region.");
    d.field("name", &Segment::name,
            "What status, journal and metrics call it. Another name begins to count anew, other matches alone do not.")
        .format(name_format)
        .required();
    d.field("matches", &Segment::matches, "Requests of this segment; any one match is enough.").items(1, 16).required();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<OnSegmentFailure> /*tag*/) {
  static const Type type = enumeration<OnSegmentFailure>(
      "OnSegmentFailure", {{"Rollback", "The candidate has failed, and what `onFailure` says follows."},
                           {"ExcludeSegment", "The segment alone goes back to stable; the rest goes on."}});
  return type;
}

}  // namespace sluice::policy
