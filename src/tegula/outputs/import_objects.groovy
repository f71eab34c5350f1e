// Objects that Tegula found in @COMMENT@, for QuPath 0.6 or later.
//
// Open the image, then this script (Automate > Script editor > File > Open) from the folder it came in, and run it.
// Run again it replaces what it imported before. Without a window:
//   QuPath script --image=IMAGE --save import_objects.groovy

import java.nio.charset.StandardCharsets
import java.nio.file.Files
import java.nio.file.Path
import javafx.application.Platform
import qupath.lib.gui.QuPathGUI
import qupath.lib.io.GsonTools
import qupath.lib.io.PathIO
import qupath.lib.objects.classes.PathClass
import static qupath.lib.scripting.QP.*

// A variable that QuPath sets, or null.
def variable(String name) {
    try {
        return getProperty(name)
    } catch (MissingPropertyException ignored) {
        return null
    }
}

def script = variable('qupath.script.file')
def words = variable('args')
if (!words && script == null)
    throw new IllegalStateException('Save this script in the folder it came in and open it from there, or give the folder as its argument')
def folder = words ? Path.of(words[0]) : Path.of(script).toAbsolutePath().getParent()
def objectsFile = folder.resolve('objects.geojson')
if (!Files.exists(objectsFile))
    throw new IllegalStateException("There is no objects.geojson in ${folder}: open this script from the folder it came in")

def imageData = getCurrentImageData()
if (imageData == null)
    throw new IllegalStateException('Open @IMAGE@ first, then run this script again')
def server = imageData.getServer()
if (server.getWidth() != @WIDTH@ || server.getHeight() != @HEIGHT@)
    throw new IllegalStateException("These objects were found in @IMAGE@, which has @WIDTH@ x @HEIGHT@ pixels; the image that is open has ${server.getWidth()} x ${server.getHeight()}")

// The classes first, so that the list of the project has them with their colours.
def text = Files.readString(folder.resolve('classes.json'), StandardCharsets.UTF_8)
def classes = GsonTools.getInstance().fromJson(text, Map).pathClasses.collect { PathClass.fromString(it.name, it.color as Integer) }
def gui = QuPathGUI.getInstance()
def project = getProject()
if (gui != null) {
    Platform.runLater {
        def available = gui.getAvailablePathClasses()
        available.addAll(classes.findAll { !available.contains(it) })
    }
} else if (project != null) {
    def known = project.getPathClasses()
    project.setPathClasses(known + classes.findAll { !known.contains(it) })
}

def objects = PathIO.readObjects(objectsFile)
def ids = objects.collect { it.getID() } as Set
def hierarchy = imageData.getHierarchy()
def before = hierarchy.getFlattenedObjectList(null).findAll { ids.contains(it.getID()) }
hierarchy.removeObjects(before, true)
hierarchy.addObjects(objects)
println "${objects.size()} objects imported" + (before.isEmpty() ? '' : ", ${before.size()} of them replaced")
