#include "tegula/server/object_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/view/object_tiles.h"
#include "tegula/core/text.h"
#include "tegula/server/events.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostRows = 1000;       // of a table, at once
constexpr std::int64_t kMostChosen = 200'000;  // objects of a rectangle
constexpr std::int64_t kMostBins = 1000;

constexpr Parameter kRun = {"run", "the folder of a run or a GeoJSON file, as a folder's listing names it", true};
constexpr Parameter kClasses = {"classes", "only these, by their places in `ready`: 0,2"};
constexpr Parameter kLeast = {"min_area", "only objects of at least so many square pixels of the full resolution"};
constexpr Parameter kMost = {"max_area", "only objects of at most so many"};
constexpr Parameter kWithin = {"within", "only objects whose boxes' middles lie in X,Y,WIDTH,HEIGHT"};
constexpr Field kObjects = {"objects", "array", "only these, by their numbers", true};

Result<app::OpenObjects::Opened> ObjectsOf(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::string path, state.roots.Resolve(request.value("run")));
  return state.objects.Get(path, state.context, request.is_gone);
}

Result<double> NumberOf(const Request& request, const std::string& name, double otherwise) {
  const std::string& text = request.value(name);
  if (text.empty()) return otherwise;
  if (const std::optional<double> number = ParseDouble(text); number && std::isfinite(*number)) return *number;
  return InvalidError(fmt::format("'{}' is not a number for {}", text, name));
}

// From `least` to `most`; the name may be left out only if there is another value for it.
Result<std::int64_t> WholeOf(const Request& request, const std::string& name, std::int64_t least, std::int64_t most,
                             std::optional<std::int64_t> otherwise = std::nullopt) {
  const std::string& text = request.value(name);
  if (text.empty() && otherwise) return *otherwise;
  const std::optional<std::int64_t> number = ParseInt(text);
  if (number && *number >= least && *number <= most) return *number;
  return InvalidError(fmt::format("'{}' is not a whole number from {} to {} for {}", text, least, most, name));
}

Result<app::AreaRange> AreasOf(const Request& request) {
  app::AreaRange areas;
  TEGULA_ASSIGN_OR_RETURN(areas.least, NumberOf(request, "min_area", areas.least));
  TEGULA_ASSIGN_OR_RETURN(areas.most, NumberOf(request, "max_area", areas.most));
  return areas;
}

Result<std::vector<std::int64_t>> WholeNumbers(const std::string& text, const std::string& name) {
  std::vector<std::int64_t> numbers;
  for (const std::string& word : Split(text, ',')) {
    const std::optional<std::int64_t> number = ParseInt(word);
    if (!number || *number < 0) return InvalidError(fmt::format("'{}' is not a number for {}", word, name));
    numbers.push_back(*number);
  }
  return numbers;
}

Result<app::ObjectFilter> FilterOf(const Request& request) {
  app::ObjectFilter filter;
  TEGULA_ASSIGN_OR_RETURN(filter.areas, AreasOf(request));
  if (const std::string& text = request.value("classes"); !text.empty()) {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int64_t> classes, WholeNumbers(text, "classes"));
    filter.classes.assign(classes.begin(), classes.end());
  }
  if (const std::string& text = request.value("within"); !text.empty()) {
    std::vector<double> numbers;
    for (const std::string& word : Split(text, ','))
      if (const std::optional<double> number = ParseDouble(word); number && std::isfinite(*number))
        numbers.push_back(*number);
    if (numbers.size() != 4 || numbers[2] < 0 || numbers[3] < 0)
      return InvalidError(fmt::format("'{}' is not X,Y,WIDTH,HEIGHT", text));
    filter.within = app::ObjectBox{numbers[1], numbers[0], numbers[1] + numbers[3], numbers[0] + numbers[2]};
  }
  if (request.body.has("objects")) {
    const Json objects = Json::parse(request.body.json("objects"), nullptr, /*allow_exceptions=*/false);
    filter.only.emplace();
    for (const Json& number : objects) {
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() >> 62 != 0)
        return InvalidError("'objects' is a list of numbers of objects");
      filter.only->push_back(number.get<std::int64_t>());
    }
  }
  return filter;
}

// No number is null in JSON.
Json ValueOf(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ReadyOf(const app::ObjectSet& set) {
  Json classes = Json::array();
  for (const app::ObjectSet::Class& row : set.classes())
    classes.push_back({{"name", row.name},
                       {"colour", fmt::format("{:02x}{:02x}{:02x}", row.colour.r, row.colour.g, row.colour.b)},
                       {"objects", row.objects}});
  double largest = 0;
  for (std::int64_t i = 0; i < set.size(); ++i) largest = std::max(largest, set.area(i));
  return {{"objects", set.size()},    {"classes", std::move(classes)}, {"measurements", set.measurements()},
          {"largest_area", largest},  {"notes", set.notes()},          {"bytes", set.bytes()},
          {"tile", app::kObjectTile}, {"levels", app::kObjectLevels},  {"least_shown", app::kLeastShown}};
}

Result<Response> Open(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::string path, state.roots.Resolve(request.value("run")));
  Response response;
  response.type = "text/event-stream";
  response.stream = [&state, path, is_gone = request.is_gone](const Response::Write& write) {
    const RequestStop stop(state);
    Events events(write, stop.source());
    const Result<app::OpenObjects::Opened> opened = state.objects.Get(path, stop.Context(events), is_gone);
    if (opened.ok()) {
      events.Send("ready", ReadyOf(*opened->set));
    } else {
      events.Fail(opened.error());
    }
    return false;
  };
  return response;
}

Result<Response> Tile(const ViewState& state, const Request& request) {
  app::ObjectTilePlace place;
  constexpr std::int64_t kFar = 1 << 30;
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t level, WholeOf(request, "level", 0, app::kObjectLevels - 1));
  place.level = static_cast<int>(level);
  TEGULA_ASSIGN_OR_RETURN(place.column, WholeOf(request, "column", -kFar, kFar));
  TEGULA_ASSIGN_OR_RETURN(place.row, WholeOf(request, "row", -kFar, kFar));
  TEGULA_ASSIGN_OR_RETURN(const app::AreaRange areas, AreasOf(request));
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  const app::Turns::Turn turn = state.turns.Take(request.is_gone);
  if (!turn) return CancelledError();
  Response response;
  response.type = "application/octet-stream";
  TEGULA_ASSIGN_OR_RETURN(response.body, app::ObjectTile(*opened.set, place, areas));
  return response;
}

Json ObjectJson(const app::ObjectSet& set, std::int64_t i) {
  const app::ObjectBox box = set.box(i);
  Json measurements = Json::array(), rings = Json::array();
  for (std::size_t m = 0; m < set.measurements().size(); ++m)
    if (const double value = set.value(i, m); !std::isnan(value))
      measurements.push_back({{"name", set.measurements()[m]}, {"value", ValueOf(value)}});
  std::vector<objects::PointRing> outline;
  set.RingsOf(i, outline);
  for (const objects::PointRing& ring : outline) {
    Json points = Json::array();
    for (const objects::Point& point : ring) points.push_back(Json::array({point.x, point.y}));
    rings.push_back(std::move(points));
  }
  return {{"number", i},
          {"id", set.id(i)},
          {"name", set.name(i)},
          {"class", set.class_of(i)},
          {"area", set.area(i)},
          {"box", outline.empty() ? Json(nullptr) : Json::array({box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0})},
          {"measurements", std::move(measurements)},
          {"rings", std::move(rings)}};
}

Result<Response> One(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  const std::optional<std::int64_t> number = ParseInt(request.value("number"));
  if (!number || *number < 0 || *number >= opened.set->size())
    return NotFoundError(fmt::format("there is no object {}", request.value("number")));
  return JsonResponse(Dump(ObjectJson(*opened.set, *number)));
}

Result<Response> At(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const double x, NumberOf(request, "x", 0));
  TEGULA_ASSIGN_OR_RETURN(const double y, NumberOf(request, "y", 0));
  TEGULA_ASSIGN_OR_RETURN(const app::ObjectFilter filter, FilterOf(request));
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<std::int64_t> found, app::ObjectAt(*opened.set, {y, x}, filter));
  return JsonResponse(Dump({{"object", found ? ObjectJson(*opened.set, *found) : Json(nullptr)}}));
}

Result<Response> Chosen(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::ObjectFilter filter, FilterOf(request));
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int64_t> found, app::Matching(*opened.set, filter));
  if (static_cast<std::int64_t>(found.size()) > kMostChosen)
    return ExhaustedError(fmt::format("{} objects are more than the {} that can be chosen at once; choose fewer",
                                      found.size(), kMostChosen));
  return JsonResponse(Dump({{"objects", found}}));
}

Result<Response> Table(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::ObjectFilter filter, FilterOf(request));
  constexpr std::int64_t kFar = std::int64_t{1} << 40;
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t first, WholeOf(request, "first", 0, kFar, 0));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t count, WholeOf(request, "count", 0, kMostRows, 100));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t find, WholeOf(request, "find", 0, kFar, -1));
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  const app::ObjectSet& set = *opened.set;
  const std::string& sort = request.value("sort");
  TEGULA_ASSIGN_OR_RETURN(const app::ObjectOrder order, app::OrderBy(set, sort.empty() ? std::string("place") : sort,
                                                                     request.value("descending") == "true"));
  TEGULA_ASSIGN_OR_RETURN(const app::SortedObjects::List list, opened.sorted->Get(set, filter, order));
  const auto total = static_cast<std::int64_t>(list->size());
  Json rows = Json::array();
  for (std::int64_t k = std::min(first, total); k < std::min(first + count, total); ++k) {
    const std::int64_t i = (*list)[static_cast<std::size_t>(k)];
    Json values = Json::array();
    for (std::size_t m = 0; m < set.measurements().size(); ++m) values.push_back(ValueOf(set.value(i, m)));
    rows.push_back({{"number", i}, {"class", set.class_of(i)}, {"area", set.area(i)}, {"values", std::move(values)}});
  }
  const auto found = find < 0 ? list->end() : std::find(list->begin(), list->end(), find);
  return JsonResponse(Dump({{"total", total},
                            {"first", first},
                            {"of_class", app::CountsOf(set, *list)},
                            {"found", found == list->end() ? Json(nullptr) : Json(found - list->begin())},
                            {"rows", std::move(rows)}}));
}

Result<Response> Histogram(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::ObjectFilter filter, FilterOf(request));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t bins, WholeOf(request, "bins", 1, kMostBins, 50));
  TEGULA_ASSIGN_OR_RETURN(const app::OpenObjects::Opened opened, ObjectsOf(state, request));
  const std::vector<std::string>& names = opened.set->measurements();
  const auto name = std::find(names.begin(), names.end(), request.value("measurement"));
  if (name == names.end())
    return NotFoundError(fmt::format("the objects have no measurement '{}'", request.value("measurement")));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int64_t> found, app::Matching(*opened.set, filter));
  const app::ObjectHistogram histogram = app::HistogramOf(*opened.set, static_cast<std::size_t>(name - names.begin()),
                                                          found, static_cast<std::size_t>(bins));
  return JsonResponse(Dump({{"min", histogram.min},
                            {"max", histogram.max},
                            {"counts", histogram.of_class},
                            {"without", histogram.without}}));
}

}  // namespace

std::vector<Route> ObjectRoutes(const ViewState& state) {
  const auto with = WithState(state);
  constexpr std::string_view kTableSays =
      "rows of the table of objects, how many there are of each class, and the row of one of them";
  const std::vector<Parameter> table = {kRun,
                                        {"sort", "place, class, area or a measurement"},
                                        {"descending", "true: the largest first"},
                                        {"first", "row from 0"},
                                        {"count", "rows, at most 1000"},
                                        {"find", "an object's number, whose row is told as `found`"},
                                        kClasses,
                                        kLeast,
                                        kMost,
                                        kWithin};
  const std::vector<Parameter> histogram = {
      kRun,   {"measurement", "its name", true}, {"bins", "equal steps from min to max"}, kClasses, kLeast, kMost,
      kWithin};
  return {
      {"GET",
       "/api/objects/open",
       "reads the objects of a run and tells, as server-sent events, how far that is: progress, then ready with their "
       "number, classes and measurements, or failed. Objects are numbered by their places in the file",
       "text/event-stream",
       {kRun},
       with(&Open)},
      {"GET",
       "/api/objects/tiles/{level}/{column}/{row}",
       "the outlines in a square of 512 pixels of 2^level image pixels, simplified to a third of such a pixel: all "
       "objects of 2 pixels and more, and how many smaller ones are in each of 64 x 64 cells. Little-endian: uint32 "
       "magic TGO1, objects, rings, points, cells, 3 more; uint32 number[objects], ring_end[objects], "
       "point_end[rings], "
       "cell_at[cells] (row * 64 + column), cell_count[cells]; float cell_cover[cells], the share that they cover; "
       "int16 x and y of each point from the tile's corner in "
       "1/32 pixel; uint16 class[objects], cell_class[cells]",
       "application/octet-stream",
       {{"level", "0: the full resolution"}, {"column", "from 0"}, {"row", "from 0"}, kRun, kLeast, kMost},
       with(&Tile)},
      {"GET",
       "/api/objects/object",
       "one object with its measurements and its outline",
       "application/json",
       {kRun, {"number", "its place in the file", true}},
       with(&One)},
      {"GET",
       "/api/objects/at",
       "the object at a point of the image; the smallest if there are several",
       "application/json",
       {kRun, {"x", "in pixels of the full resolution", true}, {"y", "the same", true}, kClasses, kLeast, kMost},
       with(&At)},
      {"GET",
       "/api/objects/numbers",
       "the numbers of objects",
       "application/json",
       {kRun, kWithin, kClasses, kLeast, kMost},
       with(&Chosen)},
      {"GET", "/api/objects/table", kTableSays, "application/json", table, with(&Table)},
      {"POST",
       "/api/objects/table",
       "the same of objects that are named",
       "application/json",
       table,
       with(&Table),
       /*is_public=*/false,
       {kObjects}},
      {"GET", "/api/objects/histogram", "how a measurement is spread, by class", "application/json", histogram,
       with(&Histogram)},
      {"POST",
       "/api/objects/histogram",
       "the same of objects that are named",
       "application/json",
       histogram,
       with(&Histogram),
       /*is_public=*/false,
       {kObjects}},
  };
}

}  // namespace tegula::server
