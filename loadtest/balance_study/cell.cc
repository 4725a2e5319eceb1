#include "loadtest/balance_study/cell.h"

namespace ringway::loadtest {

std::string_view name_of(Service service) {
    switch (service) {
        case Service::exponential:
            return "exponential";
        case Service::pareto:
            return "pareto";
    }
    return "unknown";
}

std::string_view name_of(Workload workload) {
    switch (workload) {
        case Workload::uniform:
            return "uniform";
        case Workload::heavy_tailed:
            return "heavy_tailed";
        case Workload::one_slow:
            return "one_slow";
        case Workload::flapping:
            return "flapping";
        case Workload::bursty:
            return "bursty";
        case Workload::uneven:
            return "uneven";
    }
    return "unknown";
}

std::optional<Service> service_named(std::string_view name) {
    for (const Service service : {Service::exponential, Service::pareto}) {
        if (name_of(service) == name) return service;
    }
    return {};
}

std::optional<Workload> workload_named(std::string_view name) {
    for (const Workload workload : {Workload::uniform, Workload::heavy_tailed, Workload::one_slow,
                                    Workload::flapping, Workload::bursty, Workload::uneven}) {
        if (name_of(workload) == name) return workload;
    }
    return {};
}

}  // namespace ringway::loadtest
