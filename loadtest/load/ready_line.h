// Connections that wait to be asked, in the order in which they became free. One may be closed
// while it stands in the line: it keeps its place, and who takes it looks.
// The links lie in the connections' notes. One per generator.
#pragma once

namespace ringway::loadtest {

class LoadConnection;

class ReadyLine {
public:
    struct Link {
        LoadConnection* next = nullptr;
        bool is_listed = false;
    };

    // Who stands in the line already stays where it is.
    void push(LoadConnection& connection);
    // nullptr when nobody waits.
    LoadConnection* pop();
    bool is_empty() const { return first_ == nullptr; }

private:
    LoadConnection* first_ = nullptr;
    LoadConnection* last_ = nullptr;
};

}  // namespace ringway::loadtest
