#include "tegula/image/foreign_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tegula/core/files.h"
#include "tegula/image/testing/jpeg_writer.h"
#include "tegula/image/testing/tiff_writer.h"

namespace tegula::image {
namespace {

using namespace std::string_literals;  // lint-allow: literals with zeros in them

// `bytes` at `offset`, after 0x01 and before some more.
std::string At(std::size_t offset, const std::string& bytes) {
  return std::string(offset, '\x01') + bytes + std::string(600, '\x01');
}

std::string Zip(const std::string& first_file) {
  std::string zip =
      "PK\x03\x04"s + std::string(22, '\0') + static_cast<char>(first_file.size()) + "\0\0\0"s + first_file;
  return zip + std::string(100, '\x01');
}

const std::string kHdf5 = At(0, "\x89HDF\r\n\x1A\n");
const std::string kCompound = At(0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");

// A file as its format's description has it, and what the sentence must say.
struct Case {
  std::string file;
  std::string bytes;
  std::string name;
  std::string command;
};

const std::string kBioFormats = "`bfconvert -noflat -bigtiff -compression LZW -series 0 ";

std::vector<Case> Cases() {
  return {
      {"a.czi", At(0, "ZISRAWFILE\0\0\0\0\0\0"s), "Zeiss CZI", kBioFormats},
      {"a.nd2", At(0, "\xDA\xCE\xBE\x0A"), "Nikon ND2", kBioFormats},
      {"a.ND2", At(0, "\0\0\0\x0CjP  \r\n\x87\n"s), "Nikon ND2", kBioFormats},
      {"a.lif", At(0, "\x70\0\0\0\x10\0\0\0\x2A\x10\0\0\0<\0L\0"s), "Leica LIF", kBioFormats},
      {"a.lof", At(0, "\x70\0\0\0\x10\0\0\0\x2A\x0F\0\0\0L\0M\0S\0_\0O\0"s), "Leica LOF", kBioFormats},
      {"a.xlef", "<?xml version=\"1.0\"?><LMSDataContainerHeader/>", "Leica XLEF", kBioFormats},
      {"a.xlef", "\xFF\xFE<\0L\0"s, "Leica XLEF", kBioFormats},
      {"a.oir", At(0, "OLYMPUSRAWFORMAT"), "Olympus OIR", kBioFormats},
      {"a.oib", kCompound, "Olympus OIB", kBioFormats},
      {"a.oif", "\xFF\xFE[\0F\0i\0l\0e\0"s, "Olympus OIF", kBioFormats},
      {"a.ets", At(0, "SIS\0"s), "Olympus VSI", "bfconvert"},
      {"a.zvi", kCompound, "Zeiss ZVI", kBioFormats},
      {"a.bin", kCompound, "compound file", kBioFormats},
      {"a.ims", kHdf5, "Imaris", kBioFormats},
      {"a.h5", kHdf5, "HDF5", "`h5ls -r "},
      {"a.mvd2", At(0, "JL\x1A\0"s), "Volocity", kBioFormats},
      {"a.dv", At(96, "\xA0\xC0"), "DeltaVision", kBioFormats},
      {"a.r3d", At(96, "\xC0\xA0"), "DeltaVision", kBioFormats},
      {"a.sif", At(0, "Andor Technology Multi-Channel File\n"), "Andor SIF", kBioFormats},
      {"a.isyntax", "<DataObject ObjectType=\"DPUfsImport\">", "iSyntax", "isyntax2raw"},
      {"a.klb", At(0, "\x02"), "KLB", kBioFormats},
      {"a.ics", "\t\nics_version\t1.0\n", "ICS", kBioFormats},
      {"a.ndpis", "[NanoZoomer Digital Pathology Image Set]\nNoImages=3\n", "NanoZoomer", ".ndpi files"},
      {"a.dcm", At(128, "DICM"), "DICOM", kBioFormats},
      {"a.nii", At(344, "n+1\0"s), "NIfTI", kBioFormats},
      {"a.hdr", At(344, "ni1\0"s), "NIfTI", kBioFormats},
      {"a.nii.gz", At(0, "\x1F\x8B\x08"), "NIfTI", kBioFormats},
      {"a.mrc", At(208, "MAP \x44\x44\0\0"s), "MRC", kBioFormats},
      {"a.nrrd", "NRRD0004\ntype: uchar\n\n" + At(0, ""), "NRRD", kBioFormats},
      {"a.mhd", "ObjectType = Image\nNDims = 3\n", "MetaImage", "SimpleITK"},
      {"a.mha", "ObjectType = Image\nNDims = 3\nElementDataFile = LOCAL\n" + At(0, ""), "MetaImage", "SimpleITK"},
      {"a.fits", "SIMPLE  =                    T", "FITS", kBioFormats},
      {"a.mat", "MATLAB 5.0 MAT-file" + At(0, ""), "MATLAB", "imwrite"},
      {"a.jp2", At(0, "\0\0\0\x0CjP  \r\n\x87\n"s), "JPEG 2000", "`vips copy "},
      {"a.j2k", At(0, "\xFF\x4F\xFF\x51"), "JPEG 2000", "`vips copy "},
      {"a.jxl", At(0, "\0\0\0\x0CJXL \r\n\x87\n"s), "JPEG XL", "`vips copy "},
      {"a.jxl", At(0, "\xFF\x0A"), "JPEG XL", "`vips copy "},
      {"a.jxr", At(0, "II\xBC\x01"), "JPEG XR", "`JxrDecApp -i "},
      {"a.webp", At(0, "RIFF\x10\0\0\0WEBPVP8 "s), "WebP", "`vips copy "},
      {"a.avif", At(0, "\0\0\0\x1C"s + "ftypavif"), "AVIF", "`vips copy "},
      {"a.heic", At(0, "\0\0\0\x1C"s + "ftypheic"), "HEIC", "`vips copy "},
      {"a.heif", At(0, "\0\0\0\x1C"s + "ftypmif1"), "HEIF", "`vips copy "},
      {"a.bmp", At(0, "BM\x10\x20\0\0\0\0\0\0"s), "BMP", "`vips copy "},
      {"a.gif", At(0, "GIF89a"), "GIF", "`vips copy "},
      {"a.psd", At(0, "8BPS\0\1"s), "Photoshop", "`vips copy "},
      {"a.exr", At(0, "\x76\x2F\x31\x01"), "OpenEXR", "`vips copy "},
      {"a.ppm", "P6\n1 1\n255\n" + At(0, ""), "Netpbm", "`vips copy "},
      {"a.mp4", At(0, "\0\0\0\x1C"s + "ftypisom"), "video", "`ffmpeg -i "},
      {"a.avi", At(0, "RIFF\x10\0\0\0AVI LIST"s), "video", "`ffmpeg -i "},
      {"a.pdf", At(0, "%PDF-1.7"), "PDF", "`pdftoppm -png -r 300 "},
      {"a.zip", Zip("rdf.yaml"), "model package", "`tegula predict "},
      {"a.zip", Zip("a.zarr/.zgroup"), "Zarr", "unzip"},
      {"a.npz", Zip("arr_0.npy"), "NumPy", "numpy.save"},
      {"a.zip", Zip("photo.tif"), "ZIP", "`unzip "},
      {"a.tar", At(257, "ustar"), "tar", "`tar -xf "},
      {"a.tar.gz", At(0, "\x1F\x8B\x08"), "tar", "`tar -xf "},
      {"a.tif.gz", At(0, "\x1F\x8B\x08"), "gzip", "`gzip -dc "},
      {"a.tif.bz2", At(0, "BZh9"), "bzip2", "`bzip2 -dc "},
      {"a.tif.xz",
       At(0,
          "\xFD"
          "7zXZ\0"s),
       "xz", "`xz -dc "},
      {"a.tif.zst", At(0, "\x28\xB5\x2F\xFD"), "Zstandard", "`zstd -dc "},
      {"a.7z", At(0, "7z\xBC\xAF\x27\x1C"), "7-Zip", "`7z x "},
      {"a.rar", At(0, "Rar!\x1A\x07\x01"), "RAR", "`unrar x "},
      {"a.tif", "\n<!DOCTYPE html>\n<html><title>404</title></html>", "web page", "download"},
      {"a.jpg", "<?xml version=\"1.0\"?>\n<html xmlns=\"\"/>", "web page", "download"},
      {"a.tif", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS", "`git lfs pull`"},
      {"a.companion.ome", "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<OME xmlns=\"\">", "OME-XML", kBioFormats},
      {"a.xml", "<?xml version=\"1.0\"?>\n<note/>", "XML", "name the image"},
      {"rdf.yaml", "# model\nformat_version: 0.5.3\ntype: model\n", "bioimage.io model", "`tegula predict "},
      {"a.csv", "x,y\n1,2\n", "text file", "`tegula formats`"},
      {"a.txt", "\xFF\xFEh\0i\0"s, "text file", "`tegula formats`"},
  };
}

class ForeignFiles : public ::testing::Test {
 protected:
  std::string Write(const std::string& file, const std::string& bytes) {
    EXPECT_TRUE(WriteFileWhole(folder_.path() / file, bytes).ok());
    return (folder_.path() / file).string();
  }
  Error Refused(const std::string& name) {
    const Result<std::unique_ptr<Source>> source = Open(name);
    EXPECT_FALSE(source.ok()) << name;
    return source.ok() ? Error{} : source.error();
  }
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(ForeignFiles, AreNamedWithTheCommandThatConvertsThem) {
  std::set<const ForeignFormat*> found;
  for (const Case& c : Cases()) {
    const std::string name = Write(c.file, c.bytes);
    const Error error = Refused(name);
    EXPECT_EQ(error.code, Code::kUnsupported) << c.file << ": " << ToString(error);
    EXPECT_TRUE(error.what.starts_with(name + " is ")) << error.what;
    EXPECT_NE(error.what.find(c.name), std::string::npos) << c.file << ": " << error.what;
    EXPECT_NE(error.what.find(c.command), std::string::npos) << c.file << ": " << error.what;
    EXPECT_EQ(error.what.find_first_of("{}\n"), std::string::npos) << error.what;
    found.insert(FindForeign({name, std::as_bytes(std::span(c.bytes))}));
  }
  // Those that begin like a TIFF or a JPEG have tests of their own; some rows are second spellings.
  EXPECT_GT(found.size() + 6, ForeignFormats().size());
}

TEST_F(ForeignFiles, ThatBeginLikeAnotherFormatAreKnownByTheirNames) {
  const Path vsi = folder_.path() / "slide.vsi";
  testing::WriteTiff(vsi, {{.samples = 3}});
  const Error overview = Refused(vsi.string());
  EXPECT_EQ(overview.code, Code::kUnsupported);
  EXPECT_NE(overview.what.find("Olympus VSI"), std::string::npos);
  EXPECT_NE(overview.what.find("bfconvert"), std::string::npos);
  const Error index = Refused(Write("slide.mrxs", testing::Jpeg({})));
  EXPECT_EQ(index.code, Code::kUnsupported);
  EXPECT_NE(index.what.find("MIRAX"), std::string::npos);
  EXPECT_NE(index.what.find((folder_.path() / "slide").string() + " beside it"), std::string::npos) << index.what;
}

TEST_F(ForeignFiles, AreNotTakenForImagesThatAreReadHere) {
  testing::WriteTiff(folder_.path() / "image.lsm", {{}});
  EXPECT_TRUE(Open((folder_.path() / "image.lsm").string()).ok());
  testing::WriteTiff(folder_.path() / "image.gif", {{}}, "w8b");
  EXPECT_TRUE(Open((folder_.path() / "image.gif").string()).ok());
  EXPECT_TRUE(Open(Write("image.tif", testing::Jpeg({}))).ok());
  // A TIFF that is a DICOM file as well, or happens to have such bytes.
  EXPECT_EQ(Refused(Write("dual.tif", "II*\0"s + std::string(124, '\x01') + "DICM")).code, Code::kCorrupt);
}

TEST_F(ForeignFiles, HaveCommandsThatAShellTakesAsTheyAre) {
  EXPECT_TRUE(Refused(Write("my cell's.czi", At(0, "ZISRAWFILE")))
                  .what.ends_with("-series 0 '" + folder_.path().string() + "/my cell'\\''s.czi' '" +
                                  folder_.path().string() + "/my cell'\\''s.ome.tif'`"));
  const std::string gif = Write("image.tif", At(0, "GIF89a")), folder = folder_.path().string();
  EXPECT_TRUE(Refused(gif).what.ends_with("`vips copy " + gif + " " + folder + "/image-converted.tif`"));
  const std::string packed = Write("packed", At(0, "\x1F\x8B"));
  EXPECT_TRUE(Refused(packed).what.ends_with("`gzip -dc " + packed + " > " + packed + "-converted`"));
  EXPECT_NE(Refused(Write("{ome}.gif", At(0, "GIF89a"))).what.find("copy '"), std::string::npos);
}

TEST_F(ForeignFiles, MayBeCutAnywhere) {
  std::mt19937 random(3);
  for (const Case& c : Cases())
    for (int i = 0; i < 40; ++i) {
      std::string bytes = c.bytes.substr(0, random() % (c.bytes.size() + 1));
      if (!bytes.empty() && i % 2 == 0) bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
      const ProbeInput input{c.file, std::as_bytes(std::span(bytes))};
      if (const ForeignFormat* const format = FindForeign(input))
        EXPECT_FALSE(ForeignError(*format, c.file).what.empty());
      else
        EXPECT_FALSE(UnknownError(input).what.empty());
    }
}

TEST_F(ForeignFiles, MayBeFolders) {
  const auto refused = [&](const std::string& file) {
    const Path folder = folder_.path() / std::to_string(file.size()) / "image.zarr";
    EXPECT_TRUE(MakeFolders((folder / file).parent_path()).ok());
    EXPECT_TRUE(WriteFileWhole(folder / file, "{}").ok());
    const Error error = Refused(folder.string() + "/");
    EXPECT_EQ(error.code, Code::kUnsupported);
    return error.what;
  };
  EXPECT_NE(refused(".zattrs").find("'multiscales'"), std::string::npos);
  EXPECT_NE(refused("OME/METADATA.ome.xml").find("image.zarr/0"), std::string::npos);
  EXPECT_NE(refused("attributes.json").find("N5"), std::string::npos);
  EXPECT_NE(refused("rdf.yaml").find("`tegula predict "), std::string::npos);
  EXPECT_NE(refused("Slidedat.ini").find(".mrxs"), std::string::npos);
  EXPECT_NE(refused("a.tif").find("is a folder"), std::string::npos);
}

}  // namespace
}  // namespace tegula::image
