// core/folders.h — folders as wholes: what is in them, replaced, copied, cleaned, and safe on the disk.
//
// What a crash leaves. Content reaches the disk before it gets its final name (AtomicFile, PartialFile,
// CopyFolderWhole), so what stands under one is whole, after `kill -9` and after the machine lost its power alike; and
// a disk that turns out to be full or broken only then is an error of the call, not a file that cannot be read later.
// Names are another matter: after a power cut the latest may be missing, until Sync or SyncFolders was called for their
// folders. So work that is found again can be trusted, what is not found is made again, and only a result that is
// called complete waits for its names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// How the names of files end that are being written. They begin with a dot.
inline constexpr std::string_view kTemporarySuffix = ".partial";

/// What is under a name, links followed; not_found if there is nothing. kIo if the system cannot say: that is no reason
/// to believe that there is nothing.
Result<std::filesystem::file_type> TypeOf(const Path& path);
/// Whether there is anything. kIo as above.
Result<bool> Exists(const Path& path);
/// Names of what is in a folder, sorted, hidden ones as well. kNotFound or kIo.
Result<std::vector<std::string>> NamesIn(const Path& folder);

/// Removes a file, or a folder with all it holds; ok if there is none. kIo.
Status Remove(const Path& path);
/// Deletes what was being written at any depth of a folder when its writer was killed. Call while nobody writes. kIo.
Status RemoveLeftovers(const Path& folder);

/// Gives a file or folder the name `to` on the same file system. A file takes the place of a file in one step; a folder
/// that is there is moved aside into the folder of `from` first and removed afterwards, and comes back if the new one
/// cannot take its place. A process that is killed in between leaves `to` free and `from` whole. kIo or kExhausted.
Status Replace(const Path& from, const Path& to);
/// Copies a folder's files to `to`, which appears when it is complete; its parents are made. kIo or kExhausted.
Status CopyFolderWhole(const Path& from, const Path& to);
/// Returns when the disk has the content of a file, or the names in a folder. kIo or kExhausted. Cost: one wait for the
/// disk.
Status Sync(const Path& file_or_folder);
/// The same for the names in a folder and in all folders below it.
Status SyncFolders(const Path& folder);

}  // namespace tegula
